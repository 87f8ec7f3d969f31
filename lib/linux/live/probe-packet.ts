/** The packet that a live probe sends: recognisable, whatever the host translates on its way. */
import { type Family, ipFamily } from "../../addr/ip.ts";
import { prefixAddress } from "../../addr/prefix.ts";
import { CniError, errorCode } from "../../cni/error.ts";
import type { LivePacket, LiveRequest, LiveResult } from "../../model/live/live.ts";
import { encodeText } from "../../netlink/bytes.ts";
import { encodePacket, type Transport } from "./frame.ts";
import { probeSequence, probeText } from "./probe-mark.ts";

export interface ProbePacket {
  readonly sent: LiveResult["sent"];
  /** As in IpFields (frame.ts). */
  readonly identification: number;
  readonly bytes: Uint8Array;
}

/** Ports of clients (RFC 6335). */
const DYNAMIC_PORTS = { first: 49_152, count: 16_384 } as const;
/** RFC 863: nobody answers there. */
const DISCARD_PORT = 9;
const TCP_SYN = 2;
const ECHO_REQUEST = { 4: 8, 6: 128 } as const;

/** @throws {CniError} 2 when there is no address to send from */
export function probePacket({ from, packet, tag }: LiveRequest): ProbePacket {
  const { destination, protocol, ttl } = packet;
  const family = ipFamily(destination);
  const own = from.vnic.addresses.map(prefixAddress).find((address) => ipFamily(address) === family);
  const source = packet.source ?? own;
  if (source === undefined || ipFamily(source) !== family) {
    throw new CniError(
      errorCode.unsupportedField,
      `send to ${destination}: no IPv${family} address to send from`,
      {
        reason: "no-address",
        details: "name a source of the same family as the destination",
      },
    );
  }
  // Zero would let the kernel choose.
  const identification = tag ?? 1 + Math.floor(Math.random() * 0xffff);
  const ports = {
    sourcePort: packet.sourcePort ?? DYNAMIC_PORTS.first + (identification % DYNAMIC_PORTS.count),
    destinationPort: packet.destinationPort ?? DISCARD_PORT,
  };
  const fields = { source, destination, identification, ...(ttl !== undefined && { ttl }) };
  // A SYN with data is unusual, and firewalls may think it hostile.
  const payload = encodeText(protocol === "tcp" ? "" : probeText);
  return {
    sent: { source, destination, protocol, ...(protocol === "icmp" ? {} : ports) },
    identification,
    bytes: encodePacket(fields, transportOf(protocol, family, ports, identification), payload),
  };
}

function transportOf(
  protocol: LivePacket["protocol"],
  family: Family,
  ports: { readonly sourcePort: number; readonly destinationPort: number },
  identification: number,
): Transport {
  if (protocol === "icmp") {
    return { kind: "icmp", type: ECHO_REQUEST[family], id: identification, sequence: 1 };
  }
  if (protocol === "udp") return { kind: "udp", ...ports };
  return { kind: "tcp", ...ports, flags: TCP_SYN, sequence: probeSequence(identification) };
}
