/** Opens all that watches for a live probe, before it is sent: in the compartments, at the host, and in its rules. */
import { CniError, errorCode } from "../../cni/error.ts";
import type { LiveSpace } from "../../model/live/event.ts";
import type { LiveRequest, LiveScope } from "../../model/live/live.ts";
import type { Plan } from "../../model/plan.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { isErrno, SystemCallError } from "../../os/error.ts";
import { legacyTables } from "../foreign/legacy.ts";
import type { Machine } from "../machine.ts";
import { makeLiveTables, removeLiveTables } from "./live-table.ts";
import type { Marked } from "./mark-rules.ts";
import type { ProbePacket } from "./probe-packet.ts";
import { openSender, type Sender } from "./send.ts";
import { traceReader } from "./trace-events.ts";
import { openTrace } from "./trace-socket.ts";
import { interfaceNames, type Lookout, type Names, type Tracing } from "./watch.ts";
import { openWatch } from "./watch-socket.ts";

export interface Watching {
  readonly lookouts: readonly Lookout[];
  readonly tracing?: Tracing;
  /** What could not be watched, in sentences. */
  readonly blind: readonly string[];
}

/** Notes what is to be closed when all is over, the last one first. */
export type Keep = <T extends { close(): void }>(one: T) => T;

/** Of a probe that is sent here. @throws {CniError} 11 while another probe runs, 100 when the sender's compartment is gone, 110 */
export function openLookouts(
  machine: Machine,
  request: LiveRequest,
  { sent, identification }: ProbePacket,
  keep: Keep,
): Watching & { readonly sender: Sender } {
  const { from, tunnels = [] } = request;
  const { lookout, inside } = openInside(machine, from, { kind: "sender" }, identification, keep);
  const sender = inside(() => keep(openSender(sent.destination)));
  const watching = openWatching(machine, request, keep, {
    identification,
    ends: sent,
    from: [from.port.name],
    ...(tunnels.length === 0 ? {} : { outer: "output" }),
  });
  return { ...watching, lookouts: [...watching.lookouts, lookout], sender };
}

/** Of a probe that another host sends. @throws {CniError} 11, 110 */
export function openAwaiting(
  machine: Machine,
  scope: LiveScope,
  identification: number,
  keep: Keep,
): Watching {
  const from = scope.tunnels?.map(({ name }) => name) ?? [];
  return openWatching(machine, scope, keep, { identification, from, outer: "prerouting" });
}

function openWatching(machine: Machine, scope: LiveScope, keep: Keep, marked: Marked): Watching {
  const { identification } = marked;
  const names = interfaceNames(machine.host);
  const host: Lookout = { space: { kind: "host" }, names, socket: keep(openWatch(identification)) };
  const blind = legacyTables().map((table) => `rules of legacy iptables (${table}): they tell nothing`);
  const receivers: Lookout[] = [];
  for (const plan of scope.receivers) {
    if (plan.key === scope.from?.key) continue;
    const space: LiveSpace = { kind: "receiver", key: plan.key };
    try {
      receivers.push(openInside(machine, plan, space, identification, keep).lookout);
    } catch (error) {
      if (!(error instanceof CniError)) throw error;
      blind.push(error.message);
    }
  }
  const tracing = openTracing(machine, marked, names, keep, blind);
  return { lookouts: [host, ...receivers], blind, ...(tracing && { tracing }) };
}

function openInside(machine: Machine, plan: Plan, space: LiveSpace, identification: number, keep: Keep) {
  const compartment = keep(machine.openCompartment(plan.compartment.path));
  const names = interfaceNames(compartment.netlink);
  const inside = <T>(fn: () => T): T => machine.inCompartment(compartment, fn);
  return { lookout: { space, names, socket: inside(() => keep(openWatch(identification))) }, inside };
}

/** What the kernel cannot tell is noted, and the packet sockets have to do. */
function openTracing(
  machine: Machine,
  marked: Marked,
  names: Names,
  keep: Keep,
  blind: string[],
): Tracing | undefined {
  const { rules } = machine;
  try {
    const socket = keep(openTrace());
    const missing = makeLiveTables(rules, marked);
    keep({ close: () => removeLiveTables(rules) });
    blind.push(...missing.map((family) => `rules of the family ${family}: the kernel traces none`));
    return { socket, read: traceReader(rules, names, marked.ends !== undefined) };
  } catch (error) {
    if (isErrno(error, "EPERM") && error instanceof NetlinkError) throw busy(error);
    if (!(error instanceof NetlinkError || error instanceof SystemCallError)) throw error;
    blind.push(`rules: ${error.message}`);
    return undefined;
  }
}

/** A table that is owned by a socket is its own alone. */
function busy(cause: NetlinkError): CniError {
  return new CniError(errorCode.tryAgainLater, "another live probe is running, or CAP_NET_ADMIN is missing", {
    reason: "probe-running",
    details: "wait for the other one to end: it takes some seconds, or as long as its --wait says",
    cause,
  });
}
