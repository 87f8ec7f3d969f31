/** The policies a switch port can bear, with HCN's names. One file per kind beside this one. */
import type { PortMapping } from "./port-mapping.ts";

export type Policy = PortMapping;
export type PolicyKind = Policy["kind"];
