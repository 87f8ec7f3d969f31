/** Extensions of xtables that tests are made of (linux/netfilter/xt_*.h): those that are common in FORWARD chains. */

import { ipFromBytes } from "../../addr/ip.ts";
import type { ForeignCondition } from "../../model/foreign.ts";
import { decodeText, readU8, readU16, readU32 } from "../../netlink/bytes.ts";
import type { Compat } from "../../netlink/nft/expr/compat.ts";
import { rangePrefixes } from "./byte-range.ts";
import { type Alternatives, anyOf } from "./field-conditions.ts";
import { type Match, unknownMatch } from "./match.ts";
import { matchConntrack, matchState } from "./xt-conntrack.ts";
import { matchMultiport, matchPorts } from "./xt-ports.ts";

type Decode = (info: Uint8Array, family: 4 | 6 | undefined) => Match;

/** By name and revision. */
const DECODERS: Readonly<Record<string, Decode>> = {
  "conntrack 2": matchConntrack,
  "conntrack 3": matchConntrack,
  "state 0": matchState,
  "comment 0": (info) => ({ text: `/* ${decodeText(info)} */`, alternatives: [[]] }),
  "tcp 0": (info) => matchPorts("tcp", info),
  "udp 0": (info) => matchPorts("udp", info),
  "multiport 1": matchMultiport,
  "icmp 0": (info) => matchIcmp("icmp type", info),
  "icmp6 0": (info) => matchIcmp("icmpv6 type", info),
  "addrtype 1": matchAddrtype,
  "mark 1": matchMark,
  "iprange 1": matchIprange,
};

/** Never throws: what is not in the table, or has another form, is a test that nobody can judge. */
export function matchExtension({ name, revision, info }: Compat, family: 4 | 6 | undefined): Match {
  const decode = DECODERS[`${name} ${revision}`];
  try {
    if (decode) return decode(info, family);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return unknownMatch(`xt match ${name}`);
}

const ANY_TYPE = 0xff;
const ANY_CODE = 0xff;
const ICMP_INV = 0x1;

/** struct ipt_icmp and ip6t_icmp: type, lowest and highest code, flags. */
function matchIcmp(words: string, info: Uint8Array): Match {
  const [type, from, to] = [readU8(info, 0), readU8(info, 1), readU8(info, 2)];
  const negated = (readU8(info, 3) & ICMP_INV) !== 0;
  const sign = negated ? "!= " : "";
  if (type === ANY_TYPE && from === 0 && to === ANY_CODE && words === "icmp type")
    return { text: "", alternatives: [[]] };
  if (from !== 0 || to !== ANY_CODE) return unknownMatch(`${words} ${sign}${type} code ${from}-${to}`);
  return {
    text: `${words} ${sign}${type}`,
    alternatives: anyOf([{ kind: "icmpType", types: [type] }], negated),
    implies: ["protocol"],
  };
}

const ADDRTYPES = [
  "unspec",
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
];
const ADDRTYPE_INVERT_SOURCE = 0x1;
const ADDRTYPE_INVERT_DEST = 0x2;

/** struct xt_addrtype_info_v1. What is an address of the host the model could know, but not in every hook. */
function matchAddrtype(info: Uint8Array): Match {
  const flags = readU32(info, 4);
  const sides = [
    { name: "saddr", mask: readU16(info, 0), invert: ADDRTYPE_INVERT_SOURCE },
    { name: "daddr", mask: readU16(info, 2), invert: ADDRTYPE_INVERT_DEST },
  ];
  const words = sides
    .filter(({ mask }) => mask !== 0)
    .map(({ name, mask, invert }) => {
      const types = ADDRTYPES.filter((_, bit) => mask & (1 << bit)).join(",");
      return `fib ${name} type ${flags & invert ? "!= " : ""}${types}`;
    });
  return unknownMatch(words.join(" "));
}

/** struct xt_mark_mtinfo1: mark, mask, invert. */
function matchMark(info: Uint8Array): Match {
  const [mark, mask] = [readU32(info, 0), readU32(info, 4)];
  const sign = readU8(info, 8) ? "!=" : "==";
  return unknownMatch(`meta mark & 0x${mask.toString(16)} ${sign} 0x${mark.toString(16)}`);
}

const IPRANGE_SRC = 0x01;
const IPRANGE_DST = 0x02;
const IPRANGE_SRC_INV = 0x10;
const IPRANGE_DST_INV = 0x20;

/** struct xt_iprange_mtinfo: four addresses of 16 bytes, then flags. */
function matchIprange(info: Uint8Array, family: 4 | 6 | undefined): Match {
  if (family === undefined) return unknownMatch("xt match iprange");
  const size = family === 4 ? 4 : 16;
  const flags = readU8(info, 64);
  const address = (index: number) => info.subarray(index * 16, index * 16 + size);
  const sides = [
    { kind: "source", name: "saddr", used: IPRANGE_SRC, invert: IPRANGE_SRC_INV, at: 0 },
    { kind: "destination", name: "daddr", used: IPRANGE_DST, invert: IPRANGE_DST_INV, at: 2 },
  ] as const;
  const used = sides.filter((side) => flags & side.used);
  const conditions = used.map(({ kind, at, invert }): ForeignCondition => {
    const prefixes = rangePrefixes({ first: address(at), last: address(at + 1) });
    return flags & invert ? { kind, prefixes, negated: true } : { kind, prefixes };
  });
  const words = used.map(({ name, at, invert }) => {
    const range = `${ipFromBytes(address(at))}-${ipFromBytes(address(at + 1))}`;
    return `${family === 4 ? "ip" : "ip6"} ${name} ${flags & invert ? "!= " : ""}${range}`;
  });
  const alternatives: Alternatives = [conditions];
  return { text: words.join(" "), alternatives };
}
