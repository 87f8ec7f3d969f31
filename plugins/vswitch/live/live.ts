/** `trace --live` and `--diff-kernel`: the model's trace held against the kernel of this host. */
import { prefixAddress } from "../../../lib/addr/prefix.ts";
import { compareLive, type LiveComparison } from "../../../lib/model/live/compare.ts";
import type { LivePacket, LiveResult } from "../../../lib/model/live/live.ts";
import { formatOwner } from "../../../lib/model/owner.ts";
import type { TraceStart } from "../../../lib/model/path/start.ts";
import type { Trace } from "../../../lib/model/path/trace.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import type { Scene } from "../../../lib/model/scene.ts";
import { isStacked } from "../../../lib/model/switch.ts";
import { isVmPlan, portTap, type VmPlan } from "../../../lib/model/vm-nic.ts";
import { IPPROTO, type Packet } from "../../../lib/policy/packet.ts";
import type { Host } from "../host.ts";
import { UsageError } from "../terminal.ts";
import { consultedPlans, type EndpointEntries, kernelEntries } from "./kernel-entries.ts";
import { remoteEntries } from "./remote-entries.ts";
import { parseTag } from "./tag.ts";
import { liveTunnels } from "./tunnels.ts";

export interface LiveOptions {
  readonly live: boolean;
  readonly "diff-kernel": boolean;
  /** By which the probe is known on other hosts, too; absent: a random one. */
  readonly tag?: string | undefined;
}

export interface Against {
  readonly live?: { readonly result: LiveResult; readonly comparison: LiveComparison };
  /** Of each endpoint that the trace has looked at. */
  readonly kernel?: readonly EndpointEntries[];
}

/** A container with many others on its network: more compartments than this are not entered. */
export const mostWatched = 32;

/**
 * @param start whence the trace began
 * @throws {UsageError} for what cannot be sent as a probe. @throws {CniError} when the kernel refuses
 */
export async function againstKernel(
  host: Pick<Host, "backend">,
  scene: Scene,
  start: TraceStart,
  trace: Trace,
  options: LiveOptions,
): Promise<Against> {
  const sender = start.kind === "endpoint" ? start.key : undefined;
  const live = options.live ? { live: await probe(host, scene, sender, trace, options.tag) } : {};
  return { ...live, ...(options["diff-kernel"] && { kernel: entriesOf(host, scene, sender, trace) }) };
}

/** Whether the kernel is not as the model says. */
export function disagrees({ live, kernel }: Against): boolean {
  return live?.comparison.agree === false || (kernel ?? []).some(({ entries }) => entries.length > 0);
}

async function probe(
  { backend }: Pick<Host, "backend">,
  scene: Scene,
  sender: string | undefined,
  trace: Trace,
  tag: string | undefined,
) {
  const from = scene.endpoints.find(({ key }) => key === sender);
  if (from === undefined) throw new UsageError("--live sends from a container: --from must be an endpoint");
  if (isVmPlan(from)) throw inGuest(from);
  if (isStacked(from.switch)) throw notLive(from);
  const result = await backend.probeLive({
    from,
    endpoints: scene.endpoints,
    receivers: receiversOf(scene, trace, from),
    tunnels: liveTunnels(scene),
    packet: livePacket(trace, from),
    ...(tag === undefined ? {} : { tag: parseTag(tag) }),
  });
  return { result, comparison: compareLive(trace, result) };
}

/** Nobody on the host can send as a guest does; in its compartment there is neither its address nor its stack. */
function inGuest({ owner }: VmPlan): UsageError {
  return new UsageError(
    `--live cannot send from within a virtual machine, and ${formatOwner(owner)} is the NIC of one: send from the guest itself (ping, curl), and \`vswitch capture ${owner.containerId}\` shows what comes of it; a packet to the guest may start elsewhere`,
  );
}

/** Live probes are followed by the rules of the host and by watchers at its ports, of which a macvlan passes none. */
function notLive({ owner, switch: { kind, name } }: Plan): UsageError {
  return new UsageError(
    `--live follows packets at the host's ports and rules, and ${formatOwner(owner)} (${kind} on ${name}) has none of either: trace without --live, and \`vswitch capture ${owner.containerId}\` beside a ping shows what it really sends`,
  );
}

/**
 * Whom the model names, who has the address, and then the others of the host. A tap that is a port has nothing in a
 * compartment to be watched: there the port is the end.
 */
function receiversOf({ endpoints }: Scene, trace: Trace, from: Plan): readonly Plan[] {
  const { packet, verdict } = trace;
  const end = verdict.kind === "perhaps" ? verdict.otherwise : verdict;
  const named = end.kind === "delivered" && end.to.kind === "endpoint" ? end.to.owner : undefined;
  const rank = ({ owner, vnic }: Plan): number => {
    if (formatOwner(owner) === named) return 0;
    const has =
      packet.kind === "ip" && vnic.addresses.some((one) => prefixAddress(one) === packet.destination);
    return has ? 1 : 2;
  };
  const others = endpoints.filter((plan) => plan.key !== from.key && portTap(plan) === undefined);
  return others.toSorted((a, b) => rank(a) - rank(b)).slice(0, mostWatched);
}

/** @throws {UsageError} for what a raw socket of a container does not send */
function livePacket({ packet, state }: Trace, from: Plan): LivePacket {
  if (packet.kind !== "ip") throw new UsageError("--live sends IP packets: tcp, udp or icmp");
  if (state !== "new") throw new UsageError("--live sends the first packet of a connection: --state new");
  if (packet.sourceMac !== from.vnic.mac) throw new UsageError("--live sends with the container's own MAC");
  if (packet.bytes !== undefined)
    throw new UsageError("--live sends a small packet: --bytes does not go with it");
  const { source, destination, sourcePort, destinationPort, ttl } = packet;
  const protocol = protocolOf(packet);
  if (protocol !== "icmp" && destinationPort === undefined)
    throw new UsageError(`--live sends ${protocol} to a port: --to ADDRESS:PORT`);
  return {
    source,
    destination,
    protocol,
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
    ...(ttl === undefined ? {} : { ttl }),
  };
}

/** ICMP is an echo request. */
function protocolOf({ protocol, icmpType }: Extract<Packet, { kind: "ip" }>): LivePacket["protocol"] {
  if (protocol === IPPROTO.tcp) return "tcp";
  if (protocol === IPPROTO.udp) return "udp";
  const isEcho =
    (protocol === IPPROTO.icmp && icmpType === 8) || (protocol === IPPROTO.icmp6 && icmpType === 128);
  if (isEcho) return "icmp";
  throw new UsageError("--live sends tcp, udp or icmp echo");
}

function entriesOf(
  { backend }: Pick<Host, "backend">,
  scene: Scene,
  sender: string | undefined,
  trace: Trace,
): readonly EndpointEntries[] {
  const endpoints = consultedPlans(trace, scene, sender).map((plan) => ({
    endpoint: formatOwner(plan.owner),
    entries: kernelEntries(plan, backend.observe(plan), backend.extraEntries(plan), scene.host),
  }));
  return [...endpoints, ...remoteEntries(trace, scene, backend)];
}
