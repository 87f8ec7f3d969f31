/** A packet socket that sees the probe on all interfaces of a compartment (packet(7)), without the link layer header. */
import { isErrno } from "../../os/error.ts";
import { closeFile } from "../../os/file.ts";
import { attachFilter } from "../packet-filter.ts";
import {
  openPackets,
  type PacketMessage,
  packetMessage,
  packetType,
  type ReceivedPacket,
  receivePacket,
} from "../packet-message.ts";
import { encodeFilter } from "./filter.ts";

const PACKET_BYTES = 512;

export interface WatchedPacket {
  /** Since 1970. */
  readonly ms: number;
  readonly interface: number;
  /** `passing`: a frame for another MAC, seen by chance. */
  readonly direction: "in" | "out" | "passing";
  readonly etherType: number;
  /** From the IP or ARP header on. */
  readonly bytes: Uint8Array;
}

export interface WatchSocket {
  /** All that came since the last time. */
  receive(): readonly WatchedPacket[];
  close(): void;
}

/** In the compartment of the calling thread. @throws {SystemCallError} EPERM without CAP_NET_RAW */
export function openWatch(identification: number): WatchSocket {
  const fd = openPackets("payloads", 0, (opened) => attachFilter(opened, encodeFilter(identification)));
  const message = packetMessage(PACKET_BYTES);
  return {
    receive() {
      const packets: WatchedPacket[] = [];
      for (let one = next(fd, message); one !== undefined; one = next(fd, message))
        packets.push(watched(one));
      return packets;
    },
    close: () => closeFile(fd),
  };
}

function next(fd: number, message: PacketMessage): ReceivedPacket | undefined {
  try {
    return receivePacket(fd, message);
  } catch (error) {
    // An interface went down; the others are still watched.
    if (isErrno(error, "ENETDOWN")) return undefined;
    throw error;
  }
}

function watched({ atNs, ifindex, type, protocol, bytes }: ReceivedPacket): WatchedPacket {
  return {
    ms: Number(atNs / 1_000n) / 1_000,
    interface: ifindex,
    direction: type === packetType.outgoing ? "out" : type === packetType.otherHost ? "passing" : "in",
    etherType: protocol,
    bytes,
  };
}
