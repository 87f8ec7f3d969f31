/** Runs steps in order; when one fails, undoes the endpoint's in reverse. It decides nothing. */

import type { Ip } from "../addr/ip.ts";
import { CniError, errorCode } from "../cni/error.ts";
import type { Netlink } from "../netlink/connection.ts";
import { NetlinkError } from "../netlink/error.ts";
import { isErrno } from "../os/error.ts";
import type { Action, Deed, FlowPattern, LinkIndex, Role, Step } from "./step.ts";
import type { NewTap } from "./vm/create-tap.ts";

/** What steps act on. Fakes implement it; `world.ts` is the kernel. */
export interface World {
  readonly host: Netlink;
  readonly rules: Netlink;
  /** @throws {Error} when the world was opened without a compartment */
  readonly compartment: Netlink;
  /** @param optional whether an absent key will do */
  sysctl(where: "host" | "compartment", key: readonly string[], value: string, optional: boolean): void;
  linkIndex(where: "host" | "compartment", name: string): number;
  createTap(where: "host" | "compartment", tap: NewTap): void;
  /** Of a link of the host. */
  setTxChecksum(name: string, on: boolean): void;
  awaitCarrier(index: number): void;
  /** @throws {CniError} 103 when somebody else has one of the addresses */
  probe(where: "host" | "compartment", index: number, addresses: readonly Ip[], waitMs: number): void;
  /** To all on the wire beyond a link of the host. */
  announce(index: number, addresses: readonly Ip[]): void;
  forgetFlows(flows: FlowPattern): void;
}

/** A step that failed: its title, what the kernel said, and what could not be undone after it. */
export class StepError extends Error {
  readonly step: Step;
  /** Failures of undoing, in the order they came; empty when host and store equal the start. */
  readonly undoFailures: readonly unknown[];

  constructor(step: Step, cause: unknown, undoFailures: readonly unknown[]) {
    super(`${step.title}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = "StepError";
    this.step = step;
    this.undoFailures = undoFailures;
  }
}

/**
 * @param trace receives each step's title before it runs
 * @throws {StepError} after undoing
 */
export function runSteps(steps: readonly Step[], world: World, trace?: (line: string) => void): void {
  const indexes = new Map<Role, number>();
  const done: Step[] = [];
  for (const step of steps) {
    trace?.(step.title);
    try {
      runAction(step.action, world, indexes, step.accept ?? []);
      // A step that fails is not undone itself: what has an undo is one request, or one transaction.
      done.push(step);
    } catch (cause) {
      throw new StepError(step, cause, undo(done, world, indexes, trace));
    }
  }
}

function undo(
  done: readonly Step[],
  world: World,
  indexes: Map<Role, number>,
  trace?: (line: string) => void,
): unknown[] {
  const failures: unknown[] = [];
  for (const step of done.toReversed()) {
    if (step.scope !== "endpoint" || step.undo === undefined) continue;
    trace?.(`undo ${step.title}`);
    try {
      runAction(step.undo, world, indexes, ["ENOENT", "ENODEV", "ESRCH"]);
    } catch (failure) {
      failures.push(failure);
    }
  }
  return failures;
}

function runAction(
  action: Action,
  world: World,
  indexes: Map<Role, number>,
  accept: NonNullable<Step["accept"]>,
): void {
  const index: LinkIndex = (role) => {
    const found = indexes.get(role);
    if (found === undefined) throw new Error(`the index of the ${role} is not known yet`);
    return found;
  };
  switch (action.kind) {
    case "host":
    case "compartment": {
      const outcomes = world[action.kind].requests(action.requests(index));
      const failure = outcomes.find((o) => o instanceof NetlinkError && !isErrno(o, ...accept));
      if (failure !== undefined) throw failure;
      return;
    }
    case "together":
      allOrNone(world.host, action.deeds(index), action.back(index));
      return;
    case "rules":
      acceptErrno(accept, () => world.rules.transaction(action.requests));
      return;
    case "sysctl":
      world.sysctl(action.where, action.key, action.value, action.optional ?? false);
      return;
    case "learn":
      indexes.set(action.role, world.linkIndex(action.where, action.name));
      return;
    case "tap":
      world.createTap(action.where, action.tap);
      return;
    case "offload":
      world.setTxChecksum(action.name, action.txChecksum);
      return;
    case "carrier":
      world.awaitCarrier(index(action.role));
      return;
    case "probe":
      if (action.where === "host") world.probe("host", index("uplink"), action.addresses, action.waitMs);
      else world.probe("compartment", index("vnic"), action.addresses, action.waitMs);
      return;
    case "announce":
      world.announce(index("uplink"), action.addresses);
      return;
    case "forget-flows":
      world.forgetFlows(action.flows);
  }
}

/** @throws {NetlinkError} the first refusal, when all is as it was; {CniError} 105 when it is not */
function allOrNone(host: Netlink, deeds: readonly Deed[], back: readonly Deed[]): void {
  const failure = firstRefusal(host, deeds);
  if (failure === undefined) return;
  const worse = firstRefusal(host, back);
  if (worse === undefined) throw failure;
  throw new CniError(errorCode.kernelRefused, failure.message, {
    reason: "not-put-back",
    details: `putting back what had been done before was refused, too: ${worse.message}; look at ip address and ip route`,
    cause: failure,
  });
}

function firstRefusal(host: Netlink, deeds: readonly Deed[]): NetlinkError | undefined {
  const outcomes = host.together(deeds.map(({ request }) => request));
  return outcomes.find(
    (outcome, i) => outcome !== undefined && !isErrno(outcome, ...(deeds[i]?.accept ?? [])),
  );
}

function acceptErrno(accept: NonNullable<Step["accept"]>, run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!isErrno(error, ...accept)) throw error;
  }
}
