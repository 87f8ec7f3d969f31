/** Headers written by hand, for packets that no socket of a well-behaved program sends. */
import { type Ip, ipBytes } from "../../lib/addr/ip.ts";
import { type Mac, macBytes } from "../../lib/addr/mac.ts";

export type Bytes = readonly number[];

export const be16 = (value: number): Bytes => [(value >> 8) & 0xff, value & 0xff];
export const be32 = (value: number): Bytes => [...be16(value >>> 16), ...be16(value & 0xffff)];
export const ipOf = (address: string): Bytes => [...ipBytes(address as Ip)];
export const macOf = (address: string): Bytes => [...macBytes(address as Mac)];
export const textOf = (text: string): Bytes => [...Buffer.from(text)];

/** RFC 1071. */
export function checksum(bytes: Bytes): Bytes {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return be16(~sum & 0xffff);
}

/** linux/if_ether.h */
export const ETH = { ip: 0x0800, arp: 0x0806, ip6: 0x86dd, vlan: 0x8100, qinq: 0x88a8 } as const;
/** IANA protocol numbers, IPv6 extension headers among them. */
export const NEXT = {
  hop: 0,
  icmp: 1,
  tcp: 6,
  udp: 17,
  fragment: 44,
  icmp6: 58,
  none: 59,
  dest: 60,
} as const;

export interface Ethernet {
  readonly to: string;
  readonly from: string;
  /** EtherType, or the length of an 802.3 frame. */
  readonly type: number;
}

export function ethernet({ to, from, type }: Ethernet, payload: Bytes): Bytes {
  return [...macOf(to), ...macOf(from), ...be16(type), ...payload];
}

/** The frame with a tag of 802.1Q (or `type`) behind its addresses; 0 is a priority without a VLAN. */
export function tagged(frame: Bytes, vlan: number, type: number = ETH.vlan): Bytes {
  return [...frame.slice(0, 12), ...be16(type), ...be16(vlan), ...frame.slice(12)];
}

export interface Ip4 {
  readonly from: string;
  readonly to: string;
  readonly protocol: number;
  /** Default 64. */
  readonly ttl?: number;
  /** Of a piece: where it begins in bytes, whether more come, and of which packet it is. */
  readonly piece?: Piece;
}

export interface Piece {
  readonly at: number;
  readonly more: boolean;
  readonly id: number;
}

/** RFC 791 */
export function ip4({ from, to, protocol, ttl = 64, piece }: Ip4, payload: Bytes): Bytes {
  const { at, more, id } = piece ?? { at: 0, more: false, id: 1 };
  const place = (more ? 0x2000 : 0) | (at >> 3);
  const head = (sum: Bytes): Bytes => [
    ...[0x45, 0, ...be16(20 + payload.length), ...be16(id), ...be16(place), ttl, protocol],
    ...[...sum, ...ipOf(from), ...ipOf(to)],
  ];
  return [...head(checksum(head([0, 0]))), ...payload];
}

export interface Ip6 {
  readonly from: string;
  readonly to: string;
  /** Default 255, as neighbour discovery must have it. */
  readonly hops?: number;
}

/** What follows an IPv6 header: its kind, and its bytes. */
export interface Rest {
  readonly next: number;
  readonly bytes: Bytes;
}

/** RFC 8200 */
export function ip6({ from, to, hops = 255 }: Ip6, { next, bytes }: Rest): Bytes {
  return [0x60, 0, 0, 0, ...be16(bytes.length), next, hops, ...ipOf(from), ...ipOf(to), ...bytes];
}

/** An extension header with nothing but padding: hop-by-hop or destination options. */
export function optionsBefore(kind: typeof NEXT.hop | typeof NEXT.dest, { next, bytes }: Rest): Rest {
  return { next: kind, bytes: [next, 0, 1, 4, 0, 0, 0, 0, ...bytes] };
}

/** A piece of what follows the header. @param next of the whole */
export function piece6({ at, more, id }: Piece, { next, bytes }: Rest): Rest {
  return { next: NEXT.fragment, bytes: [next, 0, ...be16(at | (more ? 1 : 0)), ...be32(id), ...bytes] };
}

/** Whole packets in pieces of so many bytes (of eight). */
export function inPieces(
  whole: Bytes,
  size: number,
  id: number,
): readonly (Piece & { readonly bytes: Bytes })[] {
  const count = Math.ceil(whole.length / size);
  return Array.from({ length: count }, (_, i) => ({
    at: i * size,
    more: i < count - 1,
    id,
    bytes: whole.slice(i * size, (i + 1) * size),
  }));
}
