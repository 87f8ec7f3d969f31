/** Messages of DHCPv4 as datagrams: addresses and ports (RFC 2131 4.1). */
import { ip } from "../../addr/ip.ts";
import { type Mac, mac } from "../../addr/mac.ts";
import type { Datagram } from "../socket.ts";
import { decodeMessage, encodeMessage } from "./message.ts";
import type { Event4, Outgoing4 } from "./state.ts";

const serverPort4 = 67;
const clientPort4 = 68;

const everybody = { ip: ip("255.255.255.255"), mac: mac("ff:ff:ff:ff:ff:ff") };

/** @param sourceMac of the vNIC */
export function datagramOf({ message, source, to = everybody }: Outgoing4, sourceMac: Mac): Datagram {
  return {
    sourceMac,
    destinationMac: to.mac,
    source,
    destination: to.ip,
    sourcePort: clientPort4,
    destinationPort: serverPort4,
    payload: encodeMessage(message),
  };
}

/** @returns undefined for what is no message of DHCP, or cut off */
export function eventOf({ sourceMac, payload }: Datagram): Extract<Event4, { kind: "message" }> | undefined {
  try {
    return { kind: "message", message: decodeMessage(payload), from: sourceMac };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
