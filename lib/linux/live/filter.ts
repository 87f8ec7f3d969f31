/** A packet filter that lets the probe pass, what asks for neighbours, and errors about the probe (linux/filter.h). */
import {
  encodeFilter as encode,
  type Instruction,
  LOAD_BYTE,
  LOAD_HALF,
  PROTOCOL,
} from "../packet-filter.ts";

const ETH_P_IP = 0x0800;
const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;

/** Behind IPv4 without options and ICMP, and behind IPv6 and ICMPv6: the header that an error is about. */
const ABOUT_V4 = 28;
const ABOUT_V6 = 48;

/** @param identification as in IpFields (frame.ts). Offsets are from the beginning of the IP header */
function program(identification: number): readonly Instruction[] {
  const v4 = 4;
  const v6 = 10;
  return [
    { load: LOAD_HALF, from: PROTOCOL },
    { equals: ETH_P_ARP, yes: "accept", no: 2 },
    { equals: ETH_P_IP, yes: v4, no: 3 },
    { equals: ETH_P_IPV6, yes: v6, no: "refuse" },
    { load: LOAD_HALF, from: 4 },
    { equals: identification, yes: "accept", no: 6 },
    { load: LOAD_BYTE, from: 9 },
    { equals: 1, yes: 8, no: "refuse" },
    { load: LOAD_HALF, from: ABOUT_V4 + 4 },
    { equals: identification, yes: "accept", no: "refuse" },
    { load: LOAD_HALF, from: 2 },
    { equals: identification, yes: "accept", no: 12 },
    { load: LOAD_BYTE, from: 6 },
    { equals: 58, yes: 14, no: "refuse" },
    { load: LOAD_BYTE, from: 40 },
    { equals: 135, yes: "accept", no: 16 },
    { equals: 136, yes: "accept", no: 17 },
    { load: LOAD_HALF, from: ABOUT_V6 + 2 },
    { equals: identification, yes: "accept", no: "refuse" },
  ];
}

/** For {@link attachFilter} of packet-filter.ts. */
export const encodeFilter = (identification: number): Uint8Array => encode(program(identification));
