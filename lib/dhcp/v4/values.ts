/** Kinds of values in options (RFC 2132), each both ways. */
import { type Ip, ipBytes, ipFromBytes } from "../../addr/ip.ts";
import { type Prefix, prefixAddress, prefixLength, prefixOf } from "../../addr/prefix.ts";
import { concat, decodeText, encodeText, readBe32, readU8 } from "../../netlink/bytes.ts";
import { decodeNames, encodeNames, isDomainName } from "../domain-names.ts";
import { type Kind, sized, u8, u32 } from "../integers.ts";
import type { LeaseRoute } from "../lease.ts";

export const address: Kind<Ip> = {
  decode: (bytes) => ipFromBytes(sized(bytes, 4)),
  encode: ipBytes,
};

export const addresses: Kind<readonly Ip[]> = {
  decode: (bytes) => {
    if (bytes.length === 0 || bytes.length % 4 !== 0)
      throw new RangeError(`${bytes.length} bytes of addresses`);
    return Array.from({ length: bytes.length / 4 }, (_, i) => ipFromBytes(bytes.subarray(4 * i, 4 * i + 4)));
  },
  encode: (list) => concat(list.map(ipBytes)),
};

/** A subnet mask, as the length of the prefix. */
export const mask: Kind<number> = {
  decode: (bytes) => {
    const ones = readBe32(sized(bytes, 4), 0);
    const length = Math.clz32(~ones);
    if (ones !== maskOf(length)) throw new RangeError(`a subnet mask with holes: ${bytes.join(".")}`);
    return length;
  },
  encode: (length) => u32.encode(maskOf(length)),
};

const maskOf = (length: number): number => (length === 0 ? 0 : (-1 << (32 - length)) >>> 0);

/** Some servers end texts with a NUL. */
export const text: Kind<string> = { decode: decodeText, encode: encodeText };

/** A name that goes to resolv.conf, or to the server's DNS. */
export const name: Kind<string> = {
  decode: (bytes) => named(decodeText(bytes)),
  encode: (value) => encodeText(named(value)),
};

export const codes: Kind<readonly number[]> = {
  decode: (bytes) => [...bytes],
  encode: (list) => Uint8Array.from(list),
};

export const raw: Kind<Uint8Array> = { decode: (bytes) => bytes.slice(), encode: (bytes) => bytes };

export const names: Kind<readonly string[]> = { decode: decodeNames, encode: encodeNames };

/** RFC 3442: length of the prefix, its bytes that count, the router; 0.0.0.0 for none. */
export const routes: Kind<readonly LeaseRoute[]> = {
  decode: (bytes) => {
    const list: LeaseRoute[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = readU8(bytes, at);
      if (length > 32) throw new RangeError(`a route to a prefix of ${length} bits`);
      const count = Math.ceil(length / 8);
      readU8(bytes, at + count + 4);
      const destination = new Uint8Array(4);
      destination.set(bytes.subarray(at + 1, at + 1 + count));
      const router = ipFromBytes(bytes.subarray(at + 1 + count, at + 5 + count));
      list.push(routeOf(ipFromBytes(destination), length, router));
      at += count + 5;
    }
    return list;
  },
  encode: (list) =>
    concat(
      list.flatMap(({ destination, gateway }) => {
        const count = Math.ceil(prefixLength(destination) / 8);
        const significant = ipBytes(prefixAddress(destination)).subarray(0, count);
        return [
          u8.encode(prefixLength(destination)),
          significant,
          gateway ? ipBytes(gateway) : new Uint8Array(4),
        ];
      }),
    ),
};

function routeOf(destination: Ip, length: number, router: Ip): LeaseRoute {
  const to: Prefix = prefixOf(destination, length);
  return router === "0.0.0.0" ? { destination: to } : { destination: to, gateway: router };
}

function named(value: string): string {
  if (!isDomainName(value)) throw new RangeError(`not a name: ${JSON.stringify(value)}`);
  return value;
}
