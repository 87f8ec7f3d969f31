/**
 * TCP connections begun by hand (tcp(7)): in the network namespace of the calling thread, given up at any moment, and
 * with the kernel's own word on why one failed. The runtime's `connect` has none of these, and node:net takes 15 ms.
 */
import { errno } from "./errno.ts";
import { SystemCallError } from "./error.ts";
import { closeFile } from "./file.ts";
import { attemptCall, attemptToolCall, systemCall } from "./libc.ts";
import { poll } from "./poll.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_KEEPALIVE = 9;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;
const TCP_USER_TIMEOUT = 18;
const POLLOUT = 0x4;
const MSG_PEEK = 0x2;
const MSG_DONTWAIT = 0x40;

/** @param address 4 or 16 bytes. @returns a socket that may still be connecting. @throws {SystemCallError} */
export function beginConnect(address: Uint8Array, port: number): number {
  const family = address.length === 4 ? AF_INET : AF_INET6;
  const fd = systemCall("open a TCP socket", ({ socket }) =>
    socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
  );
  const name = socketAddress(address, port);
  const result = attemptToolCall(({ connect }) => connect(fd, name, name.length));
  if (result === 0 || result === -errno.EINPROGRESS) return fd;
  closeFile(fd);
  throw new SystemCallError("connect", -result);
}

/** @returns whether it is connected, after waiting for `waitMs` at most. @throws {SystemCallError} when it never will be */
export function isConnected(fd: number, waitMs: number): boolean {
  const [seen = 0] = poll([{ fd, events: POLLOUT }], waitMs);
  if (seen === 0) return false;
  const [value, length] = [new Int32Array(1), new Uint32Array([4])];
  const result = attemptToolCall(({ getsockopt }) => getsockopt(fd, SOL_SOCKET, SO_ERROR, value, length));
  const failure = result < 0 ? -result : (value[0] ?? 0);
  if (failure !== 0) throw new SystemCallError("connect", failure);
  return true;
}

/** Whether nothing has come on a connected socket: no byte, no end, no error. Also what nobody has been told of yet. */
export function isQuiet(fd: number): boolean {
  const byte = new Uint8Array(1);
  return attemptCall(({ recv }) => recv(fd, byte, 1, MSG_PEEK | MSG_DONTWAIT)) === -errno.EAGAIN;
}

/**
 * Notices a peer that is gone without a word: by questions when it is silent, and by what it does not acknowledge.
 *
 * @param idleS silence before the first question; three follow, a third of this apart (1 s at least)
 */
export function keepAlive(fd: number, idleS: number): void {
  const idle = Math.max(1, Math.round(idleS));
  const interval = Math.max(1, Math.round(idleS / 3));
  setNumber(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  setNumber(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  setNumber(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle);
  setNumber(fd, IPPROTO_TCP, TCP_KEEPINTVL, interval);
  setNumber(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  setNumber(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (idle + 3 * interval) * 1000);
}

/** A kernel that lacks an option goes without it. */
function setNumber(fd: number, level: number, option: number, value: number): void {
  const bytes = new Uint8Array(new Int32Array([value]).buffer);
  attemptCall(({ setsockopt }) => setsockopt(fd, level, option, bytes, bytes.length));
}

/** struct sockaddr_in, sockaddr_in6 (linux/in.h, in6.h): the family in the machine's order, the port in that of the network. */
function socketAddress(address: Uint8Array, port: number): Uint8Array {
  const v4 = address.length === 4;
  const bytes = new Uint8Array(v4 ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, v4 ? AF_INET : AF_INET6, true);
  view.setUint16(2, port);
  bytes.set(address, v4 ? 4 : 8);
  return bytes;
}
