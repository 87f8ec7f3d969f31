/** ACLs as short as a test can say them. */
import type { Acl } from "../../../lib/policy/acl.ts";

/** All that comes in, unless told otherwise. */
export const aclWith = (over: Partial<Acl> = {}): Acl => ({
  kind: "ACL",
  action: "Allow",
  direction: "In",
  protocols: [],
  localAddresses: [],
  remoteAddresses: [],
  localPorts: [],
  remotePorts: [],
  priority: 0,
  ...over,
});
