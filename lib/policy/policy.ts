/** The policies a switch port can bear: `{Type, Settings}` with HCN's names. One file per kind beside this one. */
import type { OutboundNat } from "./outbound-nat.ts";
import type { PortMapping } from "./port-mapping.ts";

export type Policy = PortMapping | OutboundNat;
export type PolicyKind = Policy["kind"];
