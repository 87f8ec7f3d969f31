/**
 * Addresses under another name: the same address always has the same pseudonym within one bundle, and two that share
 * a prefix have pseudonyms that share it too, so that routes, gateways and subnets still fit together (Crypto-PAn: Xu,
 * Fan, Ammar, Moon 2002). Pure.
 */
import {
  type Family,
  familyBits,
  type Ip,
  ipBytes,
  ipFamily,
  ipFromNumber,
  ipNumber,
  parseIp,
} from "../../../lib/addr/ip.ts";
import { macBytes, macFromBytes, parseMac } from "../../../lib/addr/mac.ts";
import { contains, networkOf, type Prefix, prefix, prefixOf } from "../../../lib/addr/prefix.ts";
import { usualMacPrefix } from "../../../lib/model/vtep.ts";

/** What says nothing about anybody: loopback, unspecified, multicast, broadcast. */
const kept: readonly Prefix[] = [
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "224.0.0.0/4",
  "255.255.255.255/32",
  "::/127",
  "ff00::/8",
].map(prefix);
const linkLocal = prefix("fe80::/10");

/** Where pseudonyms are, so that nobody takes them for real: class E, and the documentation prefix (RFC 3849). */
const places: Readonly<Record<Family, { readonly base: bigint; readonly bits: number }>> = {
  4: { base: 0xf0000000n, bits: 28 },
  6: { base: 0x20010db8n << 96n, bits: 96 },
};
/** Prefixes this short are directions, not places. */
const shortest = 4;

/**
 * @param key of this bundle, and of no other: whoever has it can tell who is who
 * @param own prefixes of our networks, which stay as they are
 */
export function pseudonymiser(key: string, own: readonly Prefix[]): (text: string) => string {
  const isKept = (address: Ip): boolean => [...kept, ...own].some((one) => contains(one, address));
  const known = new Map<string, string>();
  const once = (text: string, make: () => string): string => {
    const found = known.get(text) ?? make();
    known.set(text, found);
    return found;
  };
  const address = (ip: Ip): Ip => {
    if (isKept(ip)) return ip;
    if (contains(linkLocal, ip)) return linkLocalOf(ip, macName);
    return pseudonym(ip, key);
  };
  const macName: MacName = (bytes) => {
    if (isOfAddress(bytes)) return Uint8Array.of(...usualMacPrefix, ...ipBytes(address(addressOf(bytes))));
    return isLocal(bytes) ? bytes : hardwareName(bytes, key);
  };
  const replace = (text: string, ipText: string, length: string | undefined): string => {
    const ip = parseIp(ipText);
    if (ip === undefined) return text;
    if (length === undefined) return address(ip);
    const bits = Number(length);
    if (bits > familyBits(ipFamily(ip))) return `${address(ip)}/${length}`;
    const whole = prefixOf(address(ip), bits);
    if (networkOf(prefixOf(ip, bits)) !== prefixOf(ip, bits)) return whole;
    // A network has no host bits, and neither shall its pseudonym; "all" and "half of all" are no places.
    return bits <= shortest ? text : networkOf(whole);
  };
  return (text) =>
    text
      .replace(macPattern, (mac) => once(mac, () => macOf(mac, macName)))
      .replace(ip6Pattern, (all, run: string, length?: string) =>
        once(all, () => {
          const found = addressIn(run);
          if (found === undefined) return all;
          const [before, ip, after] = found;
          const rest = length === undefined ? after : `${after}/${length}`;
          return after === "" ? before + replace(all, ip, length) : before + address(ip as Ip) + rest;
        }),
      )
      .replace(ip4Pattern, (all, ip: string, length?: string) => once(all, () => replace(all, ip, length)));
}

/** What stands beside an IPv6 address may look like more of it: a colon, a full stop, a word before a colon. */
function addressIn(run: string): readonly [before: string, ip: string, after: string] | undefined {
  const starts = [0, ...[...run.matchAll(/:(?!:)/g)].map(({ index }) => index + 1)];
  for (const start of starts) {
    for (let end = run.length; end > start + 1; end--) {
      const ip = run.slice(start, end);
      if (parseIp(ip) !== undefined && !/^[0-9a-f]/i.test(run.slice(end)))
        return [run.slice(0, start), ip, run.slice(end)];
    }
  }
  return undefined;
}

const macPattern = /(?<![\w:])[0-9a-f]{2}(?::[0-9a-f]{2}){5}(?![\w:])/gi;
/** All that may be one: hexadecimal digits with two colons or more. */
const ip6Pattern = /([0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*)(?:\/(\d{1,3})(?![\w:]|\.\d))?/gi;
const ip4Pattern = /(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?!\d|\.\d)(?:\/(\d{1,2})(?![\w:]|\.\d))?/g;

/** Each bit is flipped or not by all that stand before it. */
function pseudonym(ip: Ip, key: string): Ip {
  const family = ipFamily(ip);
  const value = ipNumber(ip);
  const width = familyBits(family);
  const { base, bits } = places[family];
  let result = 0n;
  for (let i = width - bits; i < width; i++) {
    const before = value >> BigInt(width - i);
    const bit = (value >> BigInt(width - 1 - i)) & 1n;
    result = (result << 1n) | (bit ^ coin(`${key} ${family} ${i} ${before}`));
  }
  return ipFromNumber(family, base | result);
}

const digest = (text: string): Uint8Array => new Bun.CryptoHasher("sha256").update(text).digest();

const coin = (text: string): bigint => BigInt((digest(text)[0] ?? 0) & 1);

/** Most of our own making, as of any software, say nothing; the hardware's are unique in the world. */
type MacName = (bytes: Uint8Array) => Uint8Array;

function macOf(text: string, name: MacName): string {
  const mac = parseMac(text);
  return mac === undefined ? text : macFromBytes(name(macBytes(mac)));
}

/** In overlay networks a MAC has an address in it. */
const isOfAddress = (bytes: Uint8Array): boolean => usualMacPrefix.every((byte, i) => bytes[i] === byte);

const addressOf = (bytes: Uint8Array): Ip =>
  ipFromNumber(
    4,
    bytes.slice(usualMacPrefix.length).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
  );

const isLocal = (bytes: Uint8Array): boolean => ((bytes[0] ?? 0) & 0b11) !== 0;

/** Stands for hardware: local and unicast. */
function hardwareName(bytes: Uint8Array, key: string): Uint8Array {
  const name = digest(`${key} mac ${Buffer.from(bytes).toString("hex")}`).slice(0, 6);
  name[0] = 0x0e;
  return name;
}

/** A link-local address may hold the hardware's (RFC 4291, modified EUI-64). */
function linkLocalOf(ip: Ip, macName: MacName): Ip {
  const value = ipNumber(ip);
  const id = Uint8Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(8 * (7 - i))) & 0xffn));
  if (id[3] !== 0xff || id[4] !== 0xfe) return ip;
  const mac = Uint8Array.of((id[0] ?? 0) ^ 2, id[1] ?? 0, id[2] ?? 0, id[5] ?? 0, id[6] ?? 0, id[7] ?? 0);
  const name = macName(mac);
  const parts = [(name[0] ?? 0) ^ 2, name[1], name[2], 0xff, 0xfe, name[3], name[4], name[5]];
  const low = parts.reduce<bigint>((sum, byte) => (sum << 8n) | BigInt(byte ?? 0), 0n);
  return ipFromNumber(6, ((value >> 64n) << 64n) | low);
}
