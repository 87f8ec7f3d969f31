/** A packet filter that lets the probe pass, what asks for neighbours, and errors about the probe (linux/filter.h). */
import { writeU16, writeU32 } from "../../netlink/bytes.ts";
import { fixedBytes } from "../../os/libc.ts";

const LOAD_HALF = 0x28;
const LOAD_BYTE = 0x30;
const EQUAL = 0x15;
const RETURN = 0x06;
/** SKF_AD_OFF + SKF_AD_PROTOCOL: the EtherType, whatever the link layer is. */
const PROTOCOL = 0xfffff000;
const ETH_P_IP = 0x0800;
const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;

/** Behind IPv4 without options and ICMP, and behind IPv6 and ICMPv6: the header that an error is about. */
const ABOUT_V4 = 28;
const ABOUT_V6 = 48;

type Target = "accept" | "refuse" | number;
type Instruction =
  | { readonly load: number; readonly from: number }
  | { readonly equals: number; readonly yes: Target; readonly no: Target };

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

/** struct sock_filter, one after the other. */
export function encodeFilter(identification: number): Uint8Array {
  const instructions = program(identification);
  const end = instructions.length;
  const bytes = fixedBytes((end + 2) * 8);
  const jump = (at: number, target: Target): number =>
    (target === "accept" ? end : target === "refuse" ? end + 1 : target) - at - 1;
  const put = (at: number, code: number, k: number, yes = 0, no = 0): void => {
    writeU16(bytes, at * 8, code);
    bytes[at * 8 + 2] = yes;
    bytes[at * 8 + 3] = no;
    writeU32(bytes, at * 8 + 4, k);
  };
  instructions.forEach((one, at) => {
    if ("load" in one) put(at, one.load, one.from);
    else put(at, EQUAL, one.equals, jump(at, one.yes), jump(at, one.no));
  });
  put(end, RETURN, 0xffff);
  put(end + 1, RETURN, 0);
  return bytes;
}
