/** Rows by which other hosts of overlay networks are reached: what differs from what is known of those hosts. */
import type { Difference } from "../../../lib/model/compare.ts";
import { isOverlay, type OverlaySwitch } from "../../../lib/model/switch.ts";
import type { NetworkSpec } from "../../../lib/verbs/network-spec.ts";
import { remotesOf } from "../../../lib/verbs/reach-peers.ts";
import type { Host } from "../host.ts";

export interface RowReport {
  readonly network: string;
  /** Rows in the words of `ip` and `nft`. */
  readonly differences: readonly Difference[];
}

/** Switches of the overlay networks that are in use on this host. */
export function overlaySwitches({ store }: Pick<Host, "store">): readonly OverlaySwitch[] {
  return store.networks.list().flatMap(({ name, spec }) => {
    const { switch: vswitch } = spec as NetworkSpec;
    return isOverlay(vswitch) && store.endpoints.list(name).length > 0 ? [vswitch] : [];
  });
}

/** @throws {CniError} when the kernel cannot be asked */
export function rowReports(host: Pick<Host, "store" | "backend">): readonly RowReport[] {
  const { backend, store } = host;
  return overlaySwitches(host).map((vswitch) => ({
    network: vswitch.network,
    differences: backend.comparePeers(vswitch, remotesOf(vswitch, store)),
  }));
}
