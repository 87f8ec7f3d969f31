/** Netlink sockets that listen: what the kernel tells everybody of changes (netlink(7), multicast groups). */
import { writeU16, writeU32 } from "../netlink/bytes.ts";
import { decodeMessages, type Message } from "../netlink/message.ts";
import { errno } from "../os/errno.ts";
import { SystemCallError } from "../os/error.ts";
import { closeFile } from "../os/file.ts";
import { attemptCall, systemCall, toolCall } from "../os/libc.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const MSG_DONTWAIT = 0x40;
const DATAGRAM_BYTES = 64 * 1024;
/** A thousand containers that start at once. */
const QUEUE_BYTES = 8 * 1024 * 1024;

const protocols = { route: 0, netfilter: 12 } as const;

export interface EventSocket {
  /** For poll(2). */
  readonly fd: number;
  /** What came since the last time. */
  receive(): Heard;
  close(): void;
}

export interface Heard {
  readonly messages: readonly Message[];
  /** More came than the queue holds. */
  readonly lost: boolean;
}

/** @param groups by number: RTNLGRP_*, NFNLGRP_*. @throws {SystemCallError} EPERM without CAP_NET_ADMIN */
export function listen(protocol: keyof typeof protocols, groups: readonly number[]): EventSocket {
  const fd = systemCall(`open a netlink ${protocol} socket`, ({ socket }) =>
    socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocols[protocol]),
  );
  try {
    const address = new Uint8Array(12);
    writeU16(address, 0, AF_NETLINK);
    toolCall("bind the netlink socket", ({ bind }) => bind(fd, address, address.length));
    attemptCall(({ setsockopt }) => setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, number(QUEUE_BYTES), 4));
    for (const group of groups)
      systemCall(`listen to group ${group}`, ({ setsockopt }) =>
        setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, number(group), 4),
      );
  } catch (error) {
    closeFile(fd);
    throw error;
  }
  const buffer = new Uint8Array(DATAGRAM_BYTES);
  return { fd, receive: () => receiveAll(fd, buffer), close: () => closeFile(fd) };
}

function receiveAll(fd: number, buffer: Uint8Array): Heard {
  const messages: Message[] = [];
  let lost = false;
  for (;;) {
    const length = attemptCall(({ recv }) => recv(fd, buffer, buffer.length, MSG_DONTWAIT));
    if (length === -errno.EAGAIN) return { messages, lost };
    if (length === -errno.ENOBUFS) lost = true;
    else if (length < 0) throw new SystemCallError("receive changes", -length);
    else messages.push(...decodeMessages(buffer.slice(0, length)));
  }
}

function number(value: number): Uint8Array {
  const encoded = new Uint8Array(4);
  writeU32(encoded, 0, value);
  return encoded;
}
