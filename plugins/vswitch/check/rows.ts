/** Rows by which other hosts of overlay networks are reached: what differs from what is known of those hosts. */
import type { Difference } from "../../../lib/model/compare.ts";
import { isOverlay, type OverlaySwitch } from "../../../lib/model/switch.ts";
import type { NetworkSpec } from "../../../lib/verbs/network-spec.ts";
import { remotesOf } from "../../../lib/verbs/reach-peers.ts";
import type { Host } from "../host.ts";

export interface RowReport {
  readonly network: string;
  readonly verdict: "as planned" | "differs";
  readonly differences: readonly Difference[];
}

/** Switches of the overlay networks that are in use on this host. @param among networks; absent: all */
export function overlaySwitches(
  { store }: Pick<Host, "store">,
  among?: ReadonlySet<string>,
): readonly OverlaySwitch[] {
  return store.networks.list().flatMap(({ name, spec }) => {
    const { switch: vswitch } = spec as NetworkSpec;
    const isMeant = isOverlay(vswitch) && (among?.has(name) ?? true);
    return isMeant && store.endpoints.list(name).length > 0 ? [vswitch] : [];
  });
}

/**
 * Where there is no switch there are no rows: its endpoints tell that.
 *
 * @param among networks; absent: all. @throws {CniError} when the kernel cannot be asked
 */
export function rowReports(
  host: Pick<Host, "store" | "backend">,
  among?: ReadonlySet<string>,
): readonly RowReport[] {
  return overlaySwitches(host, among).flatMap((vswitch): readonly RowReport[] => {
    const { network } = vswitch;
    const differences = rowDifferences(vswitch, host);
    if (differences === undefined) return [];
    return [{ network, verdict: differences.length === 0 ? "as planned" : "differs", differences }];
  });
}

export const rowDifferences = (
  vswitch: OverlaySwitch,
  { backend, store }: Pick<Host, "store" | "backend">,
): readonly Difference[] | undefined => backend.comparePeers(vswitch, remotesOf(vswitch, store));
