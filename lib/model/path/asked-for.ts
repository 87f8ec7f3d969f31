/** The address that ARP or neighbour solicitation asks for. */
import type { Ip } from "../../addr/ip.ts";
import { IPPROTO, ND, type Packet } from "../../policy/packet.ts";

/** @returns undefined for what asks for none */
export function askedFor(packet: Packet): Ip | undefined {
  if (packet.kind === "arp") return packet.operation === "request" ? packet.targetIp : undefined;
  if (packet.kind !== "ip" || packet.protocol !== IPPROTO.icmp6) return undefined;
  return packet.icmpType === ND.neighbourSolicit ? packet.target : undefined;
}
