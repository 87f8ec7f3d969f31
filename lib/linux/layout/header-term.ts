/** Terms that look at one header field and compare it with a number. */

import { writeBe16, writeU32 } from "../../netlink/bytes.ts";
import type { Cmp } from "../../netlink/nft/expr/cmp.ts";
import type { Expression } from "../../netlink/nft/expr/expression.ts";
import { IPPROTO_FRAGMENT } from "../../netlink/nft/expr/exthdr.ts";
import { NFT_REG_1 } from "../../netlink/nft/expr/register.ts";
import { IPPROTO } from "../../policy/packet.ts";
import type { NetworkProtocol } from "./field.ts";
import type { Term } from "./term.ts";

/** linux/if_ether.h, in network order, by nft's names; 802.2 stands for all frames that bear their length there. */
export const ETHERTYPE: Readonly<Record<NetworkProtocol | "8021q" | "8021ad" | "802.2", Uint8Array>> = {
  ip: Uint8Array.of(0x08, 0x00),
  ip6: Uint8Array.of(0x86, 0xdd),
  arp: Uint8Array.of(0x08, 0x06),
  "8021q": Uint8Array.of(0x81, 0x00),
  "8021ad": Uint8Array.of(0x88, 0xa8),
  "802.2": Uint8Array.of(0x00, 0x04),
};

/** linux/netfilter/nf_tables.h, enum nft_meta_keys. */
const NFT_META_LEN = 0;

function hostOrder(value: number): Uint8Array {
  const encoded = new Uint8Array(4);
  writeU32(encoded, 0, value);
  return encoded;
}

const compare = (op: Cmp["op"], value: Uint8Array): Expression => ({
  kind: "cmp",
  op,
  register: NFT_REG_1,
  value,
});
const byte = (value: number): Uint8Array => Uint8Array.of(value);
const transport = (offset: number, length: number): Expression => ({
  kind: "payload",
  base: "transport",
  offset,
  length,
  register: NFT_REG_1,
});
const keep = (mask: Uint8Array): Expression => ({
  kind: "bitwise",
  source: NFT_REG_1,
  target: NFT_REG_1,
  mask,
  xor: new Uint8Array(mask.length),
});

/** The packet's own protocol, behind any VLAN tag. */
export function isProtocol(protocol: keyof typeof ETHERTYPE): Term {
  return {
    words: `meta protocol ${protocol === "802.2" ? "0x0004" : protocol}`,
    expressions: [{ kind: "meta", key: "protocol", register: NFT_REG_1 }, compare("eq", ETHERTYPE[protocol])],
  };
}

/** A tag, or the header that names the protocol, stands before what the receiver makes of the frame. */
export const isWrapped: readonly Term[] = [
  isProtocol("8021q"),
  isProtocol("8021ad"),
  {
    words: `${isProtocol("802.2").words} @nh,0,16 0xaaaa`,
    expressions: [
      ...isProtocol("802.2").expressions,
      { kind: "payload", base: "network", offset: 0, length: 2, register: NFT_REG_1 },
      compare("eq", Uint8Array.of(0xaa, 0xaa)),
    ],
  },
];

/** enum nft_meta_keys */
const NFT_META_PRIORITY = 2;
const NFT_META_PKTTYPE = 19;

/** By whom the frame is meant for (linux/if_packet.h): the MAC of the switch, or a group, but not everybody. */
const packetTypes = { host: 0, multicast: 2 } as const;

export function isMeantFor(who: keyof typeof packetTypes): Term {
  return {
    words: `meta pkttype ${who}`,
    expressions: [
      { kind: "meta", key: NFT_META_PKTTYPE, register: NFT_REG_1 },
      compare("eq", byte(packetTypes[who])),
    ],
  };
}

/**
 * What one chain writes on a packet for a later one of the same hook, where nobody else reads it: a packet that comes
 * from a link has no priority yet.
 */
const notes = { nothing: 0, began4: 0x7673_0001, began6: 0x7673_0002, refused: 0x7673_0003 } as const;
export type Note = keyof typeof notes;
const noteWords = { nothing: "none", began4: "7673:1", began6: "7673:2", refused: "7673:3" } as const;

export function isNoted(note: Note): Term {
  return {
    words: `meta priority ${noteWords[note]}`,
    expressions: [
      { kind: "meta", key: NFT_META_PRIORITY, register: NFT_REG_1 },
      compare("eq", noteBytes(note)),
    ],
  };
}

export function setNote(note: Note): Term {
  return {
    words: `meta priority set ${noteWords[note]}`,
    expressions: [
      { kind: "immediate", register: NFT_REG_1, data: noteBytes(note) },
      { kind: "meta", key: NFT_META_PRIORITY, register: NFT_REG_1, set: true },
    ],
  };
}

function noteBytes(note: Note): Uint8Array {
  const encoded = new Uint8Array(4);
  writeU32(encoded, 0, notes[note]);
  return encoded;
}

/** By nft's name. */
const transportNames = {
  icmp: "icmp",
  icmp6: "ipv6-icmp",
  tcp: "tcp",
  udp: "udp",
  sctp: "sctp",
  dccp: "dccp",
  udplite: "udplite",
} as const;
export type Transport = keyof typeof transportNames;

export function isTransport(name: Transport): Term {
  return {
    words: `meta l4proto ${transportNames[name]}`,
    expressions: [{ kind: "meta", key: "l4proto", register: NFT_REG_1 }, compare("eq", byte(IPPROTO[name]))],
  };
}

export function udpTo(port: number): Term {
  const encoded = new Uint8Array(2);
  writeBe16(encoded, 0, port);
  const { expressions } = isTransport("udp");
  return {
    words: `udp dport ${port}`,
    expressions: [...expressions, transport(2, 2), compare("eq", encoded)],
  };
}

/** Where nothing but ICMP comes: the type is the first byte. */
export function icmpType(type: number, op: "==" | ">=" | "<=" = "=="): Term {
  const ops = { "==": "eq", ">=": "gte", "<=": "lte" } as const;
  return {
    words: `@th,0,8 ${op === "==" ? "" : `${op} `}${type}`,
    expressions: [transport(0, 1), compare(ops[op], byte(type))],
  };
}

const flags = { fin: 1, syn: 2, rst: 4, ack: 16 } as const;

/** A packet that opens a connection: SYN without ACK. */
export const opensTcp: Term = tcpFlags(flags.syn | flags.ack, "==", flags.syn);
export const endsTcp: Term = tcpFlags(flags.fin | flags.rst, "!=", 0);
export const resetsTcp: Term = tcpFlags(flags.rst, "!=", 0);
/** One that opens, answers an opening or ends. */
export const changesTcp: Term = tcpFlags(flags.fin | flags.syn | flags.rst, "!=", 0);

/** Where nothing but TCP comes: the flags are byte 13 of its header (RFC 9293 3.1). */
function tcpFlags(mask: number, op: "==" | "!=", value: number): Term {
  return {
    words: `@th,104,8 & ${mask} ${op} ${value}`,
    expressions: [transport(13, 1), keep(byte(mask)), compare(op === "==" ? "eq" : "neq", byte(value))],
  };
}

/** A piece of a packet behind its first, without ports (RFC 791 3.1, RFC 8200 4.5). */
export const isLaterPiece: Readonly<Record<4 | 6, Term>> = {
  4: fragmentBits("8191", [0x1f, 0xff]),
  6: {
    words: "meta protocol ip6 frag frag-off != 0",
    expressions: [
      ...isProtocol("ip6").expressions,
      { kind: "exthdr", header: IPPROTO_FRAGMENT, offset: 2, length: 2, register: NFT_REG_1 },
      keep(Uint8Array.of(0xff, 0xf8)),
      compare("neq", new Uint8Array(2)),
    ],
  },
};

/** A piece of a packet behind which more come. */
export const hasMorePieces: Readonly<Record<4 | 6, Term>> = {
  4: fragmentBits("8192", [0x20, 0x00]),
  6: {
    words: "meta protocol ip6 frag more-fragments 1",
    expressions: [
      ...isProtocol("ip6").expressions,
      { kind: "exthdr", header: IPPROTO_FRAGMENT, offset: 3, length: 1, register: NFT_REG_1 },
      keep(byte(1)),
      compare("eq", byte(1)),
    ],
  },
};

/** 128 bytes and more, IP header included: in TCP all but bare answers. In host order. */
export const isLong: Term = {
  words: "meta length & 4294967168 != 0",
  expressions: [
    { kind: "meta", key: NFT_META_LEN, register: NFT_REG_1 },
    keep(hostOrder(0xffff_ff80)),
    compare("neq", hostOrder(0)),
  ],
};

/** Where nothing but IPv4 comes. */
function fragmentBits(words: string, mask: readonly number[]): Term {
  return {
    words: `@nh,48,16 & ${words} != 0`,
    expressions: [
      { kind: "payload", base: "network", offset: 6, length: 2, register: NFT_REG_1 },
      keep(Uint8Array.from(mask)),
      compare("neq", new Uint8Array(2)),
    ],
  };
}
