/** The packet socket of a DHCP client, on one link of a compartment (packet(7)). */
import type { Family } from "../../addr/ip.ts";
import type { Datagram, DhcpSocket } from "../../dhcp/socket.ts";
import { isErrno } from "../../os/error.ts";
import { closeFile } from "../../os/file.ts";
import { systemCall } from "../../os/libc.ts";
import { POLLIN, poll } from "../../os/poll.ts";
import { IPPROTO } from "../../policy/packet.ts";
import { encodeFrame, encodePacket } from "../live/frame.ts";
import { inCompartment } from "../netns.ts";
import { attachFilter, encodeFilter, type Instruction, LOAD_BYTE, LOAD_HALF } from "../packet-filter.ts";
import { openPackets, type PacketMessage, packetMessage, receivePacket } from "../packet-message.ts";
import { decodeDatagram } from "./decode-datagram.ts";

/** An open compartment (`openCompartment`), or the one that the calling thread is in: the host's. */
export type DhcpPlace = { readonly fd: number; readonly path: string } | "host";

/** A frame of Ethernet and some. */
const FRAME_BYTES = 2048;

/**
 * UDP to the client's port, behind 14 bytes of Ethernet and an IPv4 header without options or an IPv6 header without
 * extensions. On a busy network nothing else wakes the process.
 */
const filters: Readonly<Record<Family, readonly Instruction[]>> = {
  4: [
    { load: LOAD_BYTE, from: 14 },
    { equals: 0x45, yes: 2, no: "refuse" },
    { load: LOAD_BYTE, from: 23 },
    { equals: IPPROTO.udp, yes: 4, no: "refuse" },
    { load: LOAD_HALF, from: 36 },
    { equals: 68, yes: "accept", no: "refuse" },
  ],
  6: [
    { load: LOAD_BYTE, from: 20 },
    { equals: IPPROTO.udp, yes: 2, no: "refuse" },
    { load: LOAD_HALF, from: 56 },
    { equals: 546, yes: "accept", no: "refuse" },
  ],
};

/**
 * Opened synchronously inside; it works from anywhere then. Of what passes the link only answers to DHCP clients are
 * queued.
 *
 * @param ifindex of the link in there
 * @throws {CniError} 100, 110; {SystemCallError} EPERM without CAP_NET_RAW, ENODEV for a link that is not there
 */
export function openDhcpSocket(place: DhcpPlace, ifindex: number, family: Family = 4): DhcpSocket {
  const filter = encodeFilter(filters[family]);
  const open = (): number =>
    openPackets("frames", ifindex, (fd) => attachFilter(fd, filter), family === 4 ? "ip4" : "ip6");
  const fd = place === "host" ? open() : inCompartment(place, open);
  const message = packetMessage(FRAME_BYTES);
  return {
    send: (datagram) => send(fd, datagram),
    receive: (waitMs) => receive(fd, message, waitMs),
    close: () => closeFile(fd),
  };
}

function send(fd: number, datagram: Datagram): void {
  const { source, destination, sourcePort, destinationPort, sourceMac, destinationMac } = datagram;
  const transport = { kind: "udp", sourcePort, destinationPort } as const;
  const packet = encodePacket({ source, destination }, transport, datagram.payload);
  const frame = encodeFrame(destinationMac, sourceMac, packet);
  systemCall(`send to port ${destinationPort} of ${destination}`, ({ sendto }) =>
    sendto(fd, frame, frame.length, 0, null, 0),
  );
}

function receive(fd: number, message: PacketMessage, waitMs: number): Datagram | undefined {
  const untilMs = performance.now() + waitMs;
  for (;;) {
    const packet = nextPacket(fd, message);
    const datagram = packet && decodeDatagram(packet);
    if (datagram !== undefined) return datagram;
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0) return undefined;
    if (packet === undefined) poll([{ fd, events: POLLIN }], leftMs);
  }
}

/** A link that went down, and came again or not, tells so once. */
function nextPacket(fd: number, message: PacketMessage): Uint8Array | undefined {
  try {
    return receivePacket(fd, message)?.bytes;
  } catch (error) {
    if (isErrno(error, "ENETDOWN")) return undefined;
    throw error;
  }
}
