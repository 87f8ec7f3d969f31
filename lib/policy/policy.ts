/** The policies a switch port can bear, with HCN's names. One file per kind beside this one: its fields and its meaning. */
import type { Acl } from "./acl.ts";
import type { Guard } from "./guard.ts";
import type { OutBoundNat } from "./outbound-nat.ts";
import type { PortMapping } from "./port-mapping.ts";
import type { Qos } from "./qos.ts";

export type Policy = Guard | Acl | Qos | OutBoundNat | PortMapping;
export type PolicyKind = Policy["kind"];

export type PolicyOf<K extends PolicyKind> = Extract<Policy, { readonly kind: K }>;

/** Those of one kind, in the order in which they stand. */
export function policiesOf<K extends PolicyKind>(
  policies: readonly Policy[],
  kind: K,
): readonly PolicyOf<K>[] {
  return policies.filter((policy): policy is PolicyOf<K> => policy.kind === kind);
}
