/** DEL. */
import type { DelRequest } from "../../lib/cni/request.ts";
import type { Store } from "../../lib/state/store.ts";
import type { IpamContext } from "./context.ts";
import { leaseOwner } from "./lease-owner.ts";
import { giveBackLent } from "./lent.ts";

/**
 * Frees what the attachment holds. Needs no valid configuration; unknown is success.
 *
 * @returns whether some of it is to be given back to a directory (pool/ask.ts), when the verb is done
 */
export function ipamDel(request: DelRequest, store: Store, context: IpamContext): boolean {
  const { key } = leaseOwner(request, "");
  giveBackLent(key, store, context);
  if (store.leases.held(key).length === 0) return false;
  const released = store.leases.release(key);
  return released.some(({ network, address }) => store.fixed.get(network, address)?.key === key);
}
