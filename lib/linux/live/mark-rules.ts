/** Rules that mark the probe as traced: where it comes by itself, and where it comes or goes within VXLAN. Pure. */
import { type Family, type Ip, ipBytes, ipFamily } from "../../addr/ip.ts";
import { encodeText, writeBe16 } from "../../netlink/bytes.ts";
import type { Expression } from "../../netlink/nft/expr/expression.ts";
import { NFPROTO } from "../../netlink/nft/message.ts";
import { IPPROTO } from "../../policy/packet.ts";

export interface Marked {
  /** As in IpFields (frame.ts). */
  readonly identification: number;
  /** Absent: a probe of another host, whose addresses nobody knows here. */
  readonly ends?: { readonly source: Ip; readonly destination: Ip };
  /** By which of the interfaces it comes: in the bridge's table, and where its addresses are not known. */
  readonly from: readonly string[];
  /** Where packets that carry it meet rules: those that leave, or those that come. Absent: there are none. */
  readonly outer?: "output" | "prerouting";
}

export interface MarkRule {
  readonly hook: "prerouting" | "output";
  readonly expressions: readonly Expression[];
}

export function markRules(table: "inet" | "bridge", marked: Marked): readonly MarkRule[] {
  const { ends, from, outer } = marked;
  const families: readonly Family[] = ends === undefined ? [4, 6] : [ipFamily(ends.source)];
  return families.flatMap((family): readonly MarkRule[] => {
    const inner = [...isFamily[table](family), ...isProbe(family, marked, { base: "network", offset: 0 })];
    const known = table === "inet" && ends !== undefined;
    const itself = (known ? [[]] : from.map(comesBy)).map((first): MarkRule => {
      return { hook: "prerouting", expressions: [...first, ...inner, ...trace] };
    });
    if (outer === undefined || table === "bridge") return itself;
    const carried = [...isVxlan(family), ...isProbe(family, marked, { base: "transport", offset: inside })];
    return [...itself, { hook: outer, expressions: [...carried, ...trace] }];
  });
}

const REGISTER = 1;
const ETHER_TYPES = { 4: 0x0800, 6: 0x86dd } as const;
/** Behind UDP, VXLAN and Ethernet (RFC 7348, 5). */
const inside = 8 + 8 + 14;

const equal = (value: Uint8Array): Expression => ({ kind: "cmp", op: "eq", register: REGISTER, value });

function be16(value: number): Uint8Array {
  const bytes = new Uint8Array(2);
  writeBe16(bytes, 0, value);
  return bytes;
}

const isFamily = {
  bridge: (family: Family): readonly Expression[] => [
    { kind: "meta", key: "protocol", register: REGISTER },
    equal(be16(ETHER_TYPES[family])),
  ],
  inet: (family: Family): readonly Expression[] => [
    { kind: "meta", key: "nfproto", register: REGISTER },
    equal(Uint8Array.of(family === 4 ? NFPROTO.ip : NFPROTO.ip6)),
  ],
};

const comesBy = (name: string): readonly Expression[] => [
  { kind: "meta", key: "iifname", register: REGISTER },
  equal(encodeText(`${name}\0`)),
];

interface At {
  readonly base: "network" | "transport";
  /** Where its IP header is, in bytes. */
  readonly offset: number;
}

function isProbe(family: Family, { identification, ends }: Marked, at: At): readonly Expression[] {
  const isAt = (offset: number, value: Uint8Array) => field(at.base, at.offset + offset, value);
  const v4 = family === 4;
  return [
    ...isAt(v4 ? 4 : 2, be16(identification)),
    ...(ends === undefined
      ? []
      : [...isAt(v4 ? 12 : 8, ipBytes(ends.source)), ...isAt(v4 ? 16 : 24, ipBytes(ends.destination))]),
  ];
}

/** @param family of what is inside */
const isVxlan = (family: Family): readonly Expression[] => [
  { kind: "meta", key: "l4proto", register: REGISTER },
  equal(Uint8Array.of(IPPROTO.udp)),
  ...field("transport", inside - 2, be16(ETHER_TYPES[family])),
];

const field = (base: At["base"], offset: number, value: Uint8Array): readonly Expression[] => [
  { kind: "payload", base, offset, length: value.length, register: REGISTER },
  equal(value),
];

const trace: readonly Expression[] = [
  { kind: "immediate", register: REGISTER, data: Uint8Array.of(1) },
  { kind: "meta", key: "nftrace", register: REGISTER, set: true },
];
