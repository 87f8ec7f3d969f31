/**
 * A packet filter that lets the probe pass, also within VXLAN, what asks for neighbours, and errors about the probe
 * (linux/filter.h).
 */
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
const ICMP = 1;
const UDP = 17;
const ICMP6 = 58;

/** Behind IPv4 without options and ICMP, and behind IPv6 and ICMPv6: the header that an error is about. */
const ABOUT_V4 = 28;
const ABOUT_V6 = 48;
/** Behind UDP, VXLAN and Ethernet (RFC 7348, 5): the header inside. Its EtherType is right before it. */
const INSIDE = 8 + 8 + 14;
/** Where IPv4 has its identification, and IPv6 the lower half of its flow label. */
const ID_V4 = 4;
const ID_V6 = 2;

/** @param identification as in IpFields (frame.ts). Offsets are from the beginning of the IP header */
function program(identification: number): readonly Instruction[] {
  const isOurs = (from: number, no: "refuse" | number = "refuse"): readonly Instruction[] => [
    { load: LOAD_HALF, from },
    { equals: identification, yes: "accept", no },
  ];
  /** @param at number of the first of these instructions. @param ip where the header inside is */
  const inside = (at: number, ip: number): readonly Instruction[] => [
    { load: LOAD_HALF, from: ip - 2 },
    { equals: ETH_P_IP, yes: at + 2, no: at + 4 },
    ...isOurs(ip + ID_V4),
    { equals: ETH_P_IPV6, yes: at + 5, no: "refuse" },
    ...isOurs(ip + ID_V6),
  ];
  const v4 = 4;
  const v6 = 18;
  return [
    { load: LOAD_HALF, from: PROTOCOL },
    { equals: ETH_P_ARP, yes: "accept", no: 2 },
    { equals: ETH_P_IP, yes: v4, no: 3 },
    { equals: ETH_P_IPV6, yes: v6, no: "refuse" },
    ...isOurs(ID_V4, 6),
    { load: LOAD_BYTE, from: 9 },
    { equals: ICMP, yes: 8, no: 10 },
    ...isOurs(ABOUT_V4 + ID_V4),
    { equals: UDP, yes: 11, no: "refuse" },
    ...inside(11, 20 + INSIDE),
    ...isOurs(ID_V6, 20),
    { load: LOAD_BYTE, from: 6 },
    { equals: ICMP6, yes: 22, no: 27 },
    { load: LOAD_BYTE, from: 40 },
    { equals: 135, yes: "accept", no: 24 },
    { equals: 136, yes: "accept", no: 25 },
    ...isOurs(ABOUT_V6 + ID_V6),
    { equals: UDP, yes: 28, no: "refuse" },
    ...inside(28, 40 + INSIDE),
  ];
}

/** For {@link attachFilter} of packet-filter.ts. */
export const encodeFilter = (identification: number): Uint8Array => encode(program(identification));
