/** Netlink sockets: what carries requests to the kernel and answers back (linux/netlink.h, netlink(7)). */
import { writeU32, writeU64 } from "../netlink/bytes.ts";
import type { NetlinkSocket } from "../netlink/exchange.ts";
import { errno } from "../os/errno.ts";
import { isErrno, SystemCallError } from "../os/error.ts";
import { closeFile } from "../os/file.ts";
import { systemCall } from "../os/libc.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_RCVTIMEO = 20;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const MSG_PEEK = 0x2;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

const protocols = { route: 0, netfilter: 12 } as const;

/** The kernel answers before `send` returns, save for dumps; so long a silence means a kernel in trouble. */
const RECEIVE_TIMEOUT_S = 10;
/**
 * Dumps come in pieces of up to 32 KiB. A single answer about a link with many virtual functions can be larger, but a
 * buffer for it, a megabyte for each socket, would start the garbage collector in a process that needs none.
 */
const RECEIVE_BYTES = 32 * 1024;
const RECEIVE_QUEUE_BYTES = 4 * 1024 * 1024;
/** net.core.wmem_default, which bounds one datagram, is a little more than this everywhere. */
const DEFAULT_SEND_BYTES = 128 * 1024;

/**
 * Opens a socket in the network namespace of the calling thread.
 *
 * Errors come with the kernel's text (NETLINK_EXT_ACK) and without the request (NETLINK_CAP_ACK), and route dumps
 * are filtered by the kernel (NETLINK_GET_STRICT_CHK). Kernels that lack an option go without it.
 * @throws {SystemCallError}
 */
export function openNetlink(protocol: keyof typeof protocols): NetlinkSocket {
  const fd = systemCall(`open a netlink ${protocol} socket`, ({ socket }) =>
    socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocols[protocol]),
  );
  tryOption(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
  tryOption(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
  if (protocol === "route") tryOption(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
  bufferSize(fd, SO_RCVBUFFORCE, SO_RCVBUF, RECEIVE_QUEUE_BYTES);
  const timeval = new Uint8Array(16);
  writeU64(timeval, 0, BigInt(RECEIVE_TIMEOUT_S));
  trySetsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeval);
  let buffer = new Uint8Array(RECEIVE_BYTES);
  let sendBytes = DEFAULT_SEND_BYTES;
  return {
    send(datagram) {
      if (datagram.length > sendBytes) {
        sendBytes = datagram.length * 2;
        bufferSize(fd, SO_SNDBUFFORCE, SO_SNDBUF, sendBytes);
      }
      send(fd, datagram);
    },
    receive() {
      const length = waiting(fd, buffer);
      if (length > buffer.length) buffer = new Uint8Array(length);
      systemCall("receive from netlink", ({ recv }) => recv(fd, buffer, buffer.length, 0));
      // A copy, since the buffer serves the next datagram too.
      return buffer.slice(0, length);
    },
    drain: () => drain(fd, buffer),
    close: () => closeFile(fd),
  };
}

/** Without an address a datagram goes to the kernel, and the first one binds the socket. */
function send(fd: number, datagram: Uint8Array): void {
  try {
    systemCall("send to netlink", ({ sendto }) => sendto(fd, datagram, datagram.length, 0, null, 0));
  } catch (error) {
    if (!isErrno(error, "EMSGSIZE")) throw error;
    throw new SystemCallError(
      "send to netlink",
      errno.EMSGSIZE,
      `${datagram.length} bytes; without CAP_NET_ADMIN on the host net.core.wmem_max is the limit`,
    );
  }
}

/** Waits for the next datagram and leaves it there. @returns its whole length */
function waiting(fd: number, buffer: Uint8Array): number {
  const title = "receive from netlink";
  try {
    return systemCall(title, ({ recv }) => recv(fd, buffer, buffer.length, MSG_PEEK | MSG_TRUNC));
  } catch (error) {
    if (!isErrno(error, "EAGAIN")) throw error;
    throw new SystemCallError(title, errno.ETIMEDOUT, `no answer in ${RECEIVE_TIMEOUT_S} s`);
  }
}

function drain(fd: number, buffer: Uint8Array): void {
  for (;;) {
    try {
      systemCall("drain netlink", ({ recv }) => recv(fd, buffer, buffer.length, MSG_DONTWAIT));
    } catch (error) {
      if (!isErrno(error, "ENOBUFS")) return;
    }
  }
}

/** The forced form, beyond net.core.[rw]mem_max, is for CAP_NET_ADMIN on the host; a user namespace has not. */
function bufferSize(fd: number, forced: number, plain: number, bytes: number): void {
  if (!tryOption(fd, SOL_SOCKET, forced, bytes)) tryOption(fd, SOL_SOCKET, plain, bytes);
}

function tryOption(fd: number, level: number, name: number, value: number): boolean {
  const encoded = new Uint8Array(4);
  writeU32(encoded, 0, value);
  return trySetsockopt(fd, level, name, encoded);
}

function trySetsockopt(fd: number, level: number, name: number, value: Uint8Array): boolean {
  try {
    systemCall("setsockopt", ({ setsockopt }) => setsockopt(fd, level, name, value, value.length));
    return true;
  } catch {
    return false;
  }
}
