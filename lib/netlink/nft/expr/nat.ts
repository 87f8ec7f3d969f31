/** nat: dnat and snat to the address and port in registers (nf_tables.h, enum nft_nat_attributes). */
import { type Attr, be32, getBe32 } from "../../attr.ts";
import { NFPROTO } from "../message.ts";

const NFTA_NAT_TYPE = 1;
const NFTA_NAT_FAMILY = 2;
const NFTA_NAT_REG_ADDR_MIN = 3;
const NFTA_NAT_REG_ADDR_MAX = 4;
const NFTA_NAT_REG_PROTO_MIN = 5;
const NFTA_NAT_REG_PROTO_MAX = 6;
const NFTA_NAT_FLAGS = 7;

/** enum nft_nat_types, in their order. */
const NFT_NAT = ["snat", "dnat"] as const;

export interface Nat {
  readonly kind: "nat";
  readonly type: (typeof NFT_NAT)[number];
  /** Packets of the other family pass untouched. */
  readonly family: "ip" | "ip6";
  /** Registers that hold the lowest and highest address; one address when there is no highest. */
  readonly addressMin?: number;
  readonly addressMax?: number;
  /** Registers that hold the lowest and highest port. */
  readonly portMin?: number;
  readonly portMax?: number;
  /** NF_NAT_RANGE_* of linux/netfilter/nf_nat.h; the kernel adds MAP_IPS and PROTO_SPECIFIED by itself. */
  readonly flags?: number;
}

/** Order in which nft sends them. */
const FIELDS = [
  ["addressMin", NFTA_NAT_REG_ADDR_MIN],
  ["addressMax", NFTA_NAT_REG_ADDR_MAX],
  ["portMin", NFTA_NAT_REG_PROTO_MIN],
  ["portMax", NFTA_NAT_REG_PROTO_MAX],
  ["flags", NFTA_NAT_FLAGS],
] as const;

export function encodeNat(nat: Nat): readonly Uint8Array[] {
  const parts = [be32(NFTA_NAT_TYPE, NFT_NAT.indexOf(nat.type)), be32(NFTA_NAT_FAMILY, NFPROTO[nat.family])];
  for (const [field, type] of FIELDS) {
    const value = nat[field];
    if (value !== undefined) parts.push(be32(type, value));
  }
  return parts;
}

/** @throws {RangeError} for a type that is not in the list above */
export function decodeNat(attrs: readonly Attr[]): Nat {
  const number = getBe32(attrs, NFTA_NAT_TYPE) ?? 0;
  const type = NFT_NAT[number];
  if (type === undefined) throw new RangeError(`nat type ${number}`);
  const family = getBe32(attrs, NFTA_NAT_FAMILY) === NFPROTO.ip6 ? "ip6" : "ip";
  const given = FIELDS.flatMap(([field, number]) => {
    const value = getBe32(attrs, number);
    return value === undefined ? [] : [[field, value] as const];
  });
  return { kind: "nat", type, family, ...Object.fromEntries(given) };
}
