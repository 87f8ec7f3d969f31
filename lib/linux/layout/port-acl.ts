/**
 * What the ACLs of one port name, for one direction and family: a set of its own, whose key has no more fields than
 * they look at, and a chain that looks packets up in it.
 *
 * One set for all ports would make each look-up read the port's name as well, and each removal walk through what is
 * everybody's: the kernel's work for a set of ranges grows with the square of its size.
 */
import type { DatatypeName, FieldValue } from "../../netlink/nft/datatype.ts";
import type { SetName, SetType } from "../../netlink/nft/set.ts";
import type { LayoutElement } from "./element.ts";
import type { FieldName } from "./field.ts";
import type { LayoutSetName } from "./sets.ts";
import { type Family, type Side, sides } from "./side.ts";
import { LAYOUT_TABLE } from "./table.ts";

export type AclVerb = "allowed" | "blocked";
export type AclField = "protocol" | "remote" | "localPort" | "remotePort";

/** Which packets of a port: its direction and their family. */
export interface AclPlace {
  /** Name of the interface. */
  readonly port: string;
  readonly side: Side["name"];
  readonly family: Family;
}

export interface PortAcl extends AclPlace {
  /** What becomes of the packets that it names; the default is for all others. */
  readonly verb: AclVerb;
  /** At least two, in the order of `aclFields`. */
  readonly fields: readonly AclField[];
  /** One value per field, as in a set of ranges. No two overlap. */
  readonly boxes: readonly (readonly FieldValue[])[];
  /** Whose it is, clipped to what nft allows. */
  readonly comment: string;
}

export const aclFields: readonly AclField[] = ["protocol", "remote", "localPort", "remotePort"];

/** All places of a port. */
export const aclPlaces = (port: string): readonly AclPlace[] =>
  (["out", "in"] as const).flatMap((side) => ([4, 6] as const).map((family) => ({ port, side, family })));

const { family: _, ...named } = LAYOUT_TABLE;
const table = { family: "bridge", ...named } as const;

/** At most 28 bytes: a port has 15. */
export function aclSet({ port, side, family }: AclPlace, verb: AclVerb): SetName {
  return { ...table, set: `${verb}_${side}${family}_${port}` };
}

export const isAclSet = (set: string): boolean => /^(allowed|blocked)_(out|in)[46]_/.test(set);

export function aclChain({ port, side, family }: AclPlace): { readonly chain: string } & typeof table {
  return { ...table, chain: `${side}${family}_${port}` };
}

export function aclSetType({ family }: AclPlace, fields: readonly AclField[]): SetType {
  const types: Readonly<Record<AclField, DatatypeName>> = {
    protocol: "inet_proto",
    remote: family === 4 ? "ipv4_addr" : "ipv6_addr",
    localPort: "inet_service",
    remotePort: "inet_service",
  };
  return { key: fields.map((field) => types[field]), interval: true };
}

/** What rules read for them. */
export function aclFieldNames({ side, family }: AclPlace, fields: readonly AclField[]): readonly FieldName[] {
  const { remote, localPort, remotePort } = sides[side === "in" ? "In" : "Out"];
  const names = { protocol: "meta l4proto", remote: remote(family), localPort, remotePort } as const;
  return fields.map((field) => names[field]);
}

/** Leads the port's packets to its chain. */
export function aclJump(place: AclPlace, comment?: string): LayoutElement {
  const set: LayoutSetName = `judges_${place.side}${place.family}`;
  const data = [`goto ${aclChain(place).chain}`];
  return { set, key: [place.port], data, ...(comment === undefined ? {} : { comment }) };
}
