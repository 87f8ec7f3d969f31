/**
 * nft's data types: what the bytes of a register mean. The kernel compares bytes and knows nothing of them; it
 * keeps the numbers below, so that nft can print keys in words (nftables, include/datatype.h, enum datatypes).
 */
import { type Ip, ipBytes, ipFromBytes } from "../../addr/ip.ts";
import { mac, macBytes, macFromBytes } from "../../addr/mac.ts";
import { decodeText, encodeText, readBe16, readU8, readU32, writeBe16, writeU32 } from "../bytes.ts";

/** One field of a key or of a map's data, as people write it: an address, an interface, "tcp", a port number. */
export type FieldValue = string | number;

export interface Datatype {
  readonly id: number;
  /** Bytes; in a concatenation a field fills whole 32 bit registers. */
  readonly size: number;
  /** What nft notes as the byte order of a set with this key alone; inet_proto is one byte and has none. */
  readonly byteorder: "invalid" | "host" | "network";
  /** @throws {RangeError} when the value is not of this type */
  encode(value: FieldValue): Uint8Array;
  decode(bytes: Uint8Array): FieldValue;
}

const IPPROTO = { icmp: 1, igmp: 2, tcp: 6, udp: 17, "ipv6-icmp": 58, sctp: 132 } as const;
const IFNAMSIZ = 16;

const address = (size: number): Pick<Datatype, "size" | "byteorder" | "encode" | "decode"> => ({
  size,
  byteorder: "network",
  // ipBytes reads the text itself and refuses what is no address, so it need not be checked before.
  encode: (value) => sized(ipBytes(String(value) as Ip), size, value),
  decode: ipFromBytes,
});

export const DATATYPES = {
  ipv4_addr: { id: 7, ...address(4) },
  ipv6_addr: { id: 8, ...address(16) },
  ether_addr: {
    id: 9,
    size: 6,
    byteorder: "network",
    encode: (value) => macBytes(mac(String(value))),
    decode: macFromBytes,
  },
  inet_proto: { id: 12, size: 1, byteorder: "invalid", encode: encodeProto, decode: decodeProto },
  inet_service: {
    id: 13,
    size: 2,
    byteorder: "network",
    encode: (value) => {
      const port = new Uint8Array(2);
      writeBe16(port, 0, integer(value, 0xffff));
      return port;
    },
    decode: (bytes) => readBe16(bytes, 0),
  },
  mark: {
    id: 19,
    size: 4,
    byteorder: "host",
    encode: (value) => {
      const mark = new Uint8Array(4);
      writeU32(mark, 0, integer(value, 0xffff_ffff));
      return mark;
    },
    decode: (bytes) => readU32(bytes, 0),
  },
  iface_index: {
    id: 20,
    size: 4,
    byteorder: "host",
    encode: (value) => {
      const index = new Uint8Array(4);
      writeU32(index, 0, integer(value, 0x7fff_ffff));
      return index;
    },
    decode: (bytes) => readU32(bytes, 0),
  },
  ifname: { id: 41, size: IFNAMSIZ, byteorder: "host", encode: encodeIfname, decode: decodeText },
} as const satisfies Record<string, Datatype>;

export type DatatypeName = keyof typeof DATATYPES;

/** TYPE_BITS: six bits for each field of a concatenation, the first one uppermost. */
const TYPE_BITS = 6;

/** NFTA_SET_KEY_TYPE of one field or of a concatenation. */
export function datatypeId(fields: readonly DatatypeName[]): number {
  return fields.reduce((id, field) => (id << TYPE_BITS) | DATATYPES[field].id, 0);
}

/** @throws {RangeError} for a type that is not in the table above */
export function datatypeNames(id: number): readonly DatatypeName[] {
  const names: DatatypeName[] = [];
  for (let rest = id; rest > 0; rest >>>= TYPE_BITS) names.unshift(nameOf(rest & ((1 << TYPE_BITS) - 1)));
  return names;
}

function nameOf(id: number): DatatypeName {
  for (const [name, type] of Object.entries(DATATYPES)) if (type.id === id) return name as DatatypeName;
  throw new RangeError(`nft data type ${id}`);
}

function encodeProto(value: FieldValue): Uint8Array {
  return Uint8Array.of(isProtocol(value) ? IPPROTO[value] : integer(value, 0xff));
}

function isProtocol(value: FieldValue): value is keyof typeof IPPROTO {
  return Object.hasOwn(IPPROTO, value);
}

function decodeProto(bytes: Uint8Array): FieldValue {
  const protocol = readU8(bytes, 0);
  for (const [name, number] of Object.entries(IPPROTO)) if (number === protocol) return name;
  return protocol;
}

function encodeIfname(value: FieldValue): Uint8Array {
  const name = encodeText(String(value));
  if (name.length === 0 || name.length >= IFNAMSIZ) throw new RangeError(`not an interface name: ${value}`);
  const padded = new Uint8Array(IFNAMSIZ);
  padded.set(name);
  return padded;
}

function mapped(address: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16).fill(0xff, 10, 12);
  bytes.set(address, 12);
  return bytes;
}

function integer(value: FieldValue, max: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError(`not an integer of 0..${max}: ${value}`);
  }
  return value;
}

/** The text of an IPv4-mapped IPv6 address is that of the IPv4 address, so it may come where IPv6 is wanted. */
function sized(given: Uint8Array, size: number, value: FieldValue): Uint8Array {
  const bytes = given.length === 4 && size === 16 ? mapped(given) : given;
  if (bytes.length !== size) throw new RangeError(`${value} has ${bytes.length} bytes, not ${size}`);
  return bytes;
}
