/** Whose the leases of an attachment are. */
import type { AddRequest } from "../../lib/cni/request.ts";
import { type Owner, ownerKey } from "../../lib/model/owner.ts";
import type { LeaseOwner } from "../../lib/state/rows.ts";

export function leaseOwner(
  request: Pick<AddRequest, "config" | "containerId" | "ifname">,
  netns: string,
): LeaseOwner {
  const { containerId, ifname } = request;
  const owner: Owner = { network: request.config.name, containerId, ifname };
  return { ...owner, key: ownerKey(owner), netns };
}
