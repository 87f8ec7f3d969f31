/**
 * Addresses as the state file orders them: 16 bytes in network order, IPv4 in its mapped form (RFC 4291 2.5.5.2).
 *
 * SQLite compares blobs bytewise, so their order is that of the numbers; its integers end at 63 bits.
 */
import { type Ip, ipBytes, ipFromBytes } from "../addr/ip.ts";

export type AddressKey = Uint8Array;

export function addressKey(address: Ip): AddressKey {
  const bytes = ipBytes(address);
  if (bytes.length === 16) return bytes;
  const key = new Uint8Array(16);
  key.fill(0xff, 10, 12);
  key.set(bytes, 12);
  return key;
}

export function addressOfKey(key: AddressKey): Ip {
  return ipFromBytes(key);
}

/** The key after this one; the last one has none and comes back as zero. */
export function nextKey(key: AddressKey): AddressKey {
  return stepped(key, 1);
}

export function previousKey(key: AddressKey): AddressKey {
  return stepped(key, -1);
}

/** @returns below zero when `a` comes before `b` */
export function compareKeys(a: AddressKey, b: AddressKey): number {
  for (let i = 0; i < 16; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export const firstKey: AddressKey = new Uint8Array(16);
export const lastKey: AddressKey = new Uint8Array(16).fill(0xff);

function stepped(key: AddressKey, by: 1 | -1): AddressKey {
  const result = Uint8Array.from(key);
  const turn = by === 1 ? 0xff : 0;
  for (let i = result.length - 1; i >= 0; i--) {
    const byte = result[i] ?? 0;
    result[i] = byte + by;
    if (byte !== turn) break;
  }
  return result;
}
