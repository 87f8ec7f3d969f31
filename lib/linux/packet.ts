/** Raw Ethernet frames out of an interface: gratuitous ARP and unsolicited neighbour advertisements (packet(7)). */
import { closeSync } from "node:fs";
import { writeU16, writeU32 } from "../netlink/bytes.ts";
import { systemCall } from "./libc.ts";

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const ETH_ALEN = 6;

export interface PacketSocket {
  /**
   * @param frame whole, from the destination MAC on
   * @throws {SystemCallError} ENETDOWN while the interface is down
   */
  send(ifindex: number, frame: Uint8Array): void;
  close(): void;
}

/**
 * Opens a socket that sends in the network namespace of the calling thread. Its protocol is 0, so it receives nothing.
 * @throws {SystemCallError}
 */
export function openPacket(): PacketSocket {
  const fd = systemCall("open a packet socket", ({ socket }) =>
    socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0),
  );
  return {
    send(ifindex, frame) {
      const to = sockaddrLl(ifindex, frame);
      systemCall(`send a frame on interface ${ifindex}`, ({ sendto }) =>
        sendto(fd, frame, frame.length, 0, to, to.length),
      );
    },
    close: () => closeSync(fd),
  };
}

/** struct sockaddr_ll of linux/if_packet.h; the protocol is the frame's EtherType, already in network order. */
function sockaddrLl(ifindex: number, frame: Uint8Array): Uint8Array {
  const address = new Uint8Array(20);
  writeU16(address, 0, AF_PACKET);
  address.set(frame.subarray(2 * ETH_ALEN, 2 * ETH_ALEN + 2), 2);
  writeU32(address, 4, ifindex);
  address[11] = ETH_ALEN;
  address.set(frame.subarray(0, ETH_ALEN), 12);
  return address;
}
