/** A tunnel end point: its MAC follows from its address, so that peers need not tell each other; and what it costs. */
import { type Family, type Ip, ipBytes, ipFamily } from "../addr/ip.ts";
import { localMac, type Mac, macFromBytes } from "../addr/mac.ts";
import { digest } from "./owner.ts";

/** The first two bytes of a MAC whose others are an IPv4 address. */
export type MacPrefix = readonly [number, number];

/** As Windows has it. */
export const usualMacPrefix: MacPrefix = [0x0e, 0x2a];

/** As Windows makes MACs of overlay endpoints: 0e:2a and the bytes of an IPv4 address; of an IPv6 address a hash. */
export function vtepMac(vtep: Ip, prefix: MacPrefix = usualMacPrefix): Mac {
  return ipFamily(vtep) === 4
    ? macFromBytes(Uint8Array.from([...prefix, ...ipBytes(vtep)]))
    : localMac(digest("vtep", vtep));
}

/** What VXLAN adds to a packet, in bytes: outer IP and UDP headers, its own, and the inner Ethernet header (RFC 7348 5). */
export const vxlanOverhead: Readonly<Record<Family, number>> = { 4: 20 + 8 + 8 + 14, 6: 40 + 8 + 8 + 14 };
