/** STATUS. */
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type { StatusRequest } from "../../lib/cni/request.ts";
import type { Store } from "../../lib/state/store.ts";
import { inSet } from "./allocate.ts";
import { parseIpamConfig } from "./config.ts";
import { type IpamContext, isGone } from "./context.ts";

/**
 * Reads only.
 *
 * @throws {CniError} 50 when a set of ranges has no free address and none that could be reclaimed
 */
export function ipamStatus(request: StatusRequest, store: Store, context: IpamContext): void {
  const { sets } = parseIpamConfig(request.config);
  const network = request.config.name;
  for (const set of sets) {
    if (store.leases.hasFree(network, set.usable)) continue;
    const leases = store.leases.list(network).filter((lease) => inSet(set, lease.address));
    if (leases.some((lease) => isGone(lease.netns, context))) continue;
    const ranges = set.ranges.map(({ first, last }) => `${first}-${last}`).join(", ");
    throw new CniError(errorCode.notAvailable, `network ${network} has no free address in ${ranges}`, {
      reason: "pool-exhausted",
      details: `${leases.length} leases; remove containers, let the runtime call GC, or configure a larger subnet`,
    });
  }
}
