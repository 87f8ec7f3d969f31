/** Messages of DHCPv6 between client and server (RFC 8415 8), as datagrams. */
import { type Ip, ip } from "../../addr/ip.ts";
import { type Mac, mac } from "../../addr/mac.ts";
import { concat, readBe32, readU8, writeBe32 } from "../../netlink/bytes.ts";
import type { Datagram } from "../socket.ts";
import { decodeOptions6, encodeOptions6, type Options6 } from "./options.ts";

export const messageType6 = {
  solicit: 1,
  advertise: 2,
  request: 3,
  renew: 5,
  rebind: 6,
  reply: 7,
  release: 8,
  decline: 9,
} as const;

export interface Message6 {
  readonly type: number;
  /** 24 bits. */
  readonly xid: number;
  readonly options: Options6;
}

const serverPort6 = 547;
const clientPort6 = 546;

/** All_DHCP_Relay_Agents_and_Servers, and its MAC (RFC 2464 7). */
const servers = { ip: ip("ff02::1:2"), mac: mac("33:33:00:01:00:02") };

export function encodeMessage6({ type, xid, options }: Message6): Uint8Array {
  const header = new Uint8Array(4);
  writeBe32(header, 0, xid);
  header[0] = type;
  return concat([header, encodeOptions6(options)]);
}

/** @throws {RangeError} for what is cut off */
export function decodeMessage6(from: Uint8Array): Message6 {
  return {
    type: readU8(from, 0),
    xid: readBe32(from, 0) & 0xff_ffff,
    options: decodeOptions6(from.subarray(4)),
  };
}

/** Always to all servers: the answer says which is meant. @param linkLocal of the vNIC */
export function datagramOf6(message: Message6, sourceMac: Mac, linkLocal: Ip): Datagram {
  return {
    sourceMac,
    destinationMac: servers.mac,
    source: linkLocal,
    destination: servers.ip,
    sourcePort: clientPort6,
    destinationPort: serverPort6,
    payload: encodeMessage6(message),
  };
}
