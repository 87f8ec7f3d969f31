/** A switch port: where a vNIC meets the switch. Policies fill its layers. */
import type { AclDefault } from "../policy/acl.ts";
import type { Policy } from "../policy/policy.ts";

export interface Port {
  /** Name of the host's end of the vNIC. */
  readonly name: string;
  readonly policies: readonly Policy[];
  /** Present when the port judges packets by ACLs: what becomes of those that no ACL names. */
  readonly aclDefault?: AclDefault;
}
