/** Writes rows of other hosts of overlay networks again, as they were last known. */
import type { Difference } from "../../../lib/model/compare.ts";
import type { OverlaySwitch } from "../../../lib/model/switch.ts";
import { connect } from "../../../lib/verbs/reach-peers.ts";
import { overlaySwitches, rowDifferences } from "../check/rows.ts";
import type { Host } from "../host.ts";
import { messageOf } from "./message-of.ts";
import type { Verdict } from "./verdict.ts";

export interface RowRepair {
  readonly network: string;
  readonly verdict: Exclude<Verdict, "beyond repair" | "not checked">;
  readonly before: readonly Difference[];
  readonly after: readonly Difference[];
  /** What the kernel refused. */
  readonly why?: string;
}

/** @param among networks; absent: all */
export const repairRows = (
  host: Host,
  among: ReadonlySet<string> | undefined,
  dryRun: boolean,
): readonly RowRepair[] =>
  overlaySwitches(host, among).flatMap((vswitch) => repairOne(vswitch, host, dryRun) ?? []);

/**
 * Never throws for what is wrong with one network: the others have their turn.
 *
 * @returns undefined where there is no switch
 */
function repairOne(vswitch: OverlaySwitch, host: Host, dryRun: boolean): RowRepair | undefined {
  const { network } = vswitch;
  const { store, backend } = host;
  try {
    const before = rowDifferences(vswitch, host);
    if (before === undefined) return undefined;
    if (before.length === 0) return { network, verdict: "as planned", before, after: before };
    if (dryRun) return { network, verdict: "would be mended", before, after: before };
    const connected = store.transaction(() => {
      // DEL of the last container was at work.
      if (store.endpoints.list(network).length === 0) return undefined;
      return connect(vswitch, { store, context: { backend, now: Date.now } });
    });
    const after = rowDifferences(vswitch, host) ?? [];
    const [failure] = connected?.failures ?? [];
    return {
      network,
      verdict: after.length === 0 ? "mended" : "differs still",
      before,
      after,
      ...(failure === undefined ? {} : { why: failure.message }),
    };
  } catch (error) {
    return { network, verdict: "differs still", before: [], after: [], why: messageOf(error) };
  }
}
