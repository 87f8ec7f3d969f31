/** Messages of DHCPv4 (RFC 2131 2). */
import { type Ip, ip, ipBytes, ipFromBytes } from "../../addr/ip.ts";
import { type Mac, macBytes, macFromBytes } from "../../addr/mac.ts";
import { concat, readBe16, readBe32, writeBe16, writeBe32 } from "../../netlink/bytes.ts";
import { decodeOptions, encodeOptions, type Options, overloaded, splitOptions } from "./options.ts";

/** Option 53. */
export const messageType = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
} as const;

export interface Message4 {
  readonly op: "request" | "reply";
  /** Tells exchanges apart. */
  readonly xid: number;
  /** Seconds since the client began. */
  readonly secs: number;
  /** Whether the client wants answers by broadcast. */
  readonly broadcast: boolean;
  /** The address that the client has and uses. */
  readonly ciaddr: Ip;
  /** The address that it is given. */
  readonly yiaddr: Ip;
  readonly siaddr: Ip;
  /** The relay. */
  readonly giaddr: Ip;
  /** MAC of the client. */
  readonly chaddr: Mac;
  readonly options: Options;
}

export const noAddress: Ip = ip("0.0.0.0");

const BOOTREQUEST = 1;
const BOOTREPLY = 2;
const HTYPE_ETHER = 1;
const BROADCAST = 0x8000;
const MAGIC = 0x63825363;
const AT = { secs: 8, flags: 10, addresses: 12, chaddr: 28, sname: 44, file: 108, magic: 236, options: 240 };
/** Relays and servers of BOOTP's time drop what is shorter (RFC 1542 2.1). */
const LEAST_BYTES = 300;

export function encodeMessage(message: Message4): Uint8Array {
  const { op, xid, secs, broadcast, ciaddr, yiaddr, siaddr, giaddr, chaddr, options } = message;
  const header = new Uint8Array(AT.options);
  header.set([op === "request" ? BOOTREQUEST : BOOTREPLY, HTYPE_ETHER, 6]);
  writeBe32(header, 4, xid);
  writeBe16(header, AT.secs, Math.min(0xffff, secs));
  writeBe16(header, AT.flags, broadcast ? BROADCAST : 0);
  for (const [i, one] of [ciaddr, yiaddr, siaddr, giaddr].entries())
    header.set(ipBytes(one), AT.addresses + 4 * i);
  header.set(macBytes(chaddr), AT.chaddr);
  writeBe32(header, AT.magic, MAGIC);
  const encoded = encodeOptions(options);
  return concat([header, encoded, new Uint8Array(Math.max(0, LEAST_BYTES - header.length - encoded.length))]);
}

/** @throws {RangeError} for what is cut off, or no message of DHCP over Ethernet */
export function decodeMessage(from: Uint8Array): Message4 {
  if (readBe32(from, AT.magic) !== MAGIC) throw new RangeError("a message of BOOTP, not of DHCP");
  if (from[1] !== HTYPE_ETHER || from[2] !== 6)
    throw new RangeError(`a message for hardware of type ${from[1]}`);
  const [op] = from;
  if (op !== BOOTREQUEST && op !== BOOTREPLY) throw new RangeError(`a message with operation ${op}`);
  const addressAt = (i: number): Ip =>
    ipFromBytes(from.subarray(AT.addresses + 4 * i, AT.addresses + 4 * i + 4));
  return {
    op: op === BOOTREQUEST ? "request" : "reply",
    xid: readBe32(from, 4),
    secs: readBe16(from, AT.secs),
    broadcast: (readBe16(from, AT.flags) & BROADCAST) !== 0,
    ciaddr: addressAt(0),
    yiaddr: addressAt(1),
    siaddr: addressAt(2),
    giaddr: addressAt(3),
    chaddr: macFromBytes(from.subarray(AT.chaddr, AT.chaddr + 6)),
    options: decodeOptions(allOptions(from)),
  };
}

/** In this order by RFC 3396 5: the options, `file`, `sname`. */
function allOptions(from: Uint8Array) {
  const own = from.subarray(AT.options);
  const { file, sname } = overloaded(splitOptions([own]));
  return splitOptions([
    own,
    ...(file ? [from.subarray(AT.file, AT.magic)] : []),
    ...(sname ? [from.subarray(AT.sname, AT.file)] : []),
  ]);
}
