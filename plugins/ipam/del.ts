/** DEL. */
import type { DelRequest } from "../../lib/cni/request.ts";
import type { Store } from "../../lib/state/store.ts";
import type { IpamContext } from "./context.ts";
import { leaseOwner } from "./lease-owner.ts";
import { giveBackLent } from "./lent.ts";

/** Frees what the attachment holds. Needs no valid configuration; unknown is success. */
export function ipamDel(request: DelRequest, store: Store, context: IpamContext): void {
  const { key } = leaseOwner(request, "");
  giveBackLent(key, store, context);
  if (store.leases.held(key).length > 0) store.leases.release(key);
}
