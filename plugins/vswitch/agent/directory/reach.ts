/** Keeps the other hosts of overlay networks reachable: by what is known of them, in the kernel. */
import { CniError } from "../../../../lib/cni/error.ts";
import type { Complaint } from "../../../../lib/directory/complaint.ts";
import { backoffMs } from "../../../../lib/etcd/watch/backoff.ts";
import type { Plan } from "../../../../lib/model/plan.ts";
import type { OverlaySwitch } from "../../../../lib/model/switch.ts";
import type { Connected, Exclusively, Remotes } from "../../../../lib/seam/backend.ts";
import type { ToolBackend } from "../../../../lib/seam/tool-backend.ts";
import { plural } from "../../format.ts";

/** How a network shall be. */
export interface Way {
  readonly switch: OverlaySwitch;
  readonly remotes: Remotes;
  /** What is known of others may be old: nobody is removed. */
  readonly keeping: boolean;
  /** Containers are on it, so its switch is to be there. */
  readonly used: boolean;
}

export interface ReachOptions {
  readonly backend: Pick<ToolBackend, "connectPeers" | "repairSwitch">;
  /** Runs it while nobody makes or removes a switch; not at all where nobody is on the network any more. */
  readonly whileUsed: (network: string) => Exclusively;
  /** Attachments of this host. */
  readonly plans: () => readonly Plan[];
  readonly say: (text: string) => void;
  readonly now: () => number;
  readonly random: () => number;
}

export interface Reach {
  /** @param ways of all networks, by name */
  want(ways: ReadonlyMap<string, Way>): void;
  /** Something else than we has changed it: all is looked at. @param network absent: of any */
  distrust(network?: string): void;
  /** Does what is due. @returns whether anything was */
  run(): boolean;
  nextMs(): number;
  /** What the kernel does not let be. */
  complaints(network: string): readonly Complaint[];
  /** Whether the network has a switch here. */
  isThere(network: string): boolean;
}

/** Between two looks at everything. */
const everythingMs = 300_000;

interface State {
  way: Way;
  due: "nothing" | "changes" | "everything";
  /** All is looked at then. */
  everythingMs: number;
  failures: number;
  retryMs: number;
  there: boolean;
  complaints: readonly Complaint[];
}

export function reach({ backend, whileUsed, plans, say, now, random }: ReachOptions): Reach {
  const states = new Map<string, State>();
  const laterMs = (): number => now() + everythingMs * (0.8 + 0.4 * random());

  const attempt = (network: string, state: State): void => {
    const { way, due } = state;
    const trusting = due === "changes";
    const errors: unknown[] = [];
    if (!trusting && way.used) {
      try {
        const options = { exclusively: whileUsed(network), others: plans };
        const done = backend.repairSwitch(way.switch, options);
        if (done.length > 0) say(`network ${network}: mended: ${done.join("; ")}`);
      } catch (error) {
        errors.push(error);
      }
    }
    let connected: Connected | undefined;
    try {
      connected = backend.connectPeers(way.switch, way.remotes, { trusting, keeping: way.keeping });
      errors.push(...(connected?.failures ?? []));
    } catch (error) {
      errors.push(error);
    }
    settle(network, state, errors);
    state.there = connected !== undefined;
    if (connected !== undefined && connected.written + connected.removed > 0)
      say(
        `network ${network}: ${plural(way.remotes.peers.length, "other host")}; rows written ${connected.written}, removed ${connected.removed}`,
      );
  };
  const settle = (network: string, state: State, errors: readonly unknown[]): void => {
    if (!Number.isFinite(state.everythingMs) || state.due === "everything") state.everythingMs = laterMs();
    state.failures = errors.length > 0 ? state.failures + 1 : 0;
    state.due = errors.length > 0 ? "everything" : "nothing";
    state.retryMs = errors.length > 0 ? now() + backoffMs(state.failures, random()) : 0;
    // What fails once is somebody at work.
    state.complaints = state.failures > 1 ? [refused(network, errors)] : [];
  };
  return {
    want(ways) {
      for (const network of states.keys()) if (!ways.has(network)) states.delete(network);
      for (const [network, way] of ways) {
        const state = states.get(network);
        if (state === undefined)
          states.set(network, {
            ...{ way, due: "everything", everythingMs: laterMs(), failures: 0, retryMs: 0 },
            ...{ there: false, complaints: [] },
          });
        else if (!isSame(state.way, way)) {
          const change = state.way.keeping === way.keeping && state.way.used === way.used;
          if (state.due === "nothing") state.due = change ? "changes" : "everything";
          if (!change) state.due = "everything";
          state.way = way;
        }
      }
    },
    distrust(network) {
      for (const [name, state] of states)
        if (network === undefined || network === name) state.due = "everything";
    },
    run() {
      let done = false;
      for (const [network, state] of states) {
        const at = now();
        if (at >= state.everythingMs) state.due = "everything";
        if (state.due === "nothing" || at < state.retryMs) continue;
        attempt(network, state);
        done = true;
      }
      return done;
    },
    nextMs: () =>
      Math.min(
        ...[...states.values()].map(({ due, retryMs, everythingMs: at }) =>
          due === "nothing" ? at : Math.max(retryMs, 0),
        ),
      ),
    complaints: (network) => states.get(network)?.complaints ?? [],
    isThere: (network) => states.get(network)?.there ?? false,
  };
}

/** Of what does not change in place. */
function isSame(a: Way, b: Way): boolean {
  return (
    a.keeping === b.keeping &&
    a.used === b.used &&
    a.remotes.peers === b.remotes.peers &&
    JSON.stringify([a.switch, a.remotes.own]) === JSON.stringify([b.switch, b.remotes.own])
  );
}

function refused(network: string, errors: readonly unknown[]): Complaint {
  const [first] = errors;
  const more = errors.length > 1 ? `, and ${errors.length - 1} more` : "";
  const text = first instanceof Error ? first.message : String(first);
  const his = first instanceof CniError && first.details !== undefined ? first.details : undefined;
  return {
    code:
      first instanceof CniError && first.reason === "switch-differs" ? "switch-differs" : "kernel-refused",
    about: network,
    text: `network ${network}: not all other hosts are reached: ${text}${more}`,
    remedy: his ?? "It is tried again; vswitch doctor tells what this kernel lacks.",
  };
}
