/**
 * Blocking TCP sockets without an event loop between the clock and the kernel: what node:net adds to a connect would be
 * more than what is measured. Sockets belong to the network namespace in which they were made.
 */
import { dlopen, FFIType, ptr, read } from "bun:ffi";

const symbols = {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  listen: { args: ["i32", "i32"], returns: "i32" },
  accept: { args: ["i32", "usize", "usize"], returns: "i32" },
  connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
  sendmmsg: { args: ["i32", "ptr", "u32", "i32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  __errno_location: { args: [], returns: FFIType.ptr },
} as const;

const AF_INET = 2;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const SOL_SOCKET = 1;
const SO_LINGER = 13;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;

export interface Sockets {
  /** A listening socket at any address of the current namespace. */
  listen(port: number): number;
  /** The next connection; it has been made already, so this does not wait. */
  accept(listener: number): number;
  /** A socket that is not connected yet. */
  create(): number;
  /** Connects. @returns microseconds from the call of connect(2) to its return */
  connect(socket: number, target: Uint8Array): number;
  /** A UDP socket that takes what comes to a port of the current namespace and lets it lie. */
  sink(port: number): number;
  /** A UDP socket that sends to one address only. */
  datagrams(target: Uint8Array): number;
  /** Sends this many times 64 small datagrams. @returns microseconds for each */
  flood(socket: number, calls: number): number;
  close(...sockets: readonly number[]): void;
}

const batch = 64;
/** struct mmsghdr of 64-bit machines. */
const mmsghdrBytes = 64;

/** All of a batch are the same: one buffer of 32 bytes. */
function makeBatch(): { readonly headers: Uint8Array; readonly kept: readonly Uint8Array[] } {
  const [data, vector, headers] = [
    new Uint8Array(32),
    new Uint8Array(16),
    new Uint8Array(batch * mmsghdrBytes),
  ];
  new DataView(vector.buffer).setBigUint64(0, BigInt(ptr(data)), true);
  new DataView(vector.buffer).setBigUint64(8, BigInt(data.length), true);
  const view = new DataView(headers.buffer);
  for (let at = 0; at < batch; at++) {
    view.setBigUint64(at * mmsghdrBytes + 16, BigInt(ptr(vector)), true);
    view.setBigUint64(at * mmsghdrBytes + 24, 1n, true);
  }
  return { headers, kept: [data, vector] };
}

/** @throws {Error} with the number of errno, by each of the functions */
export function openSockets(): Sockets {
  const libc = dlopen("libc.so.6", symbols).symbols;
  const checked = (title: string, result: number): number => {
    if (result >= 0) return result;
    const at = libc.__errno_location();
    throw new Error(`${title}: errno ${at === null ? "unknown" : read.i32(at, 0)}`);
  };
  const setOption = (socket: number, option: number, value: Uint8Array) =>
    checked("setsockopt", libc.setsockopt(socket, SOL_SOCKET, option, value, value.length));
  const create = () => {
    const socket = checked("socket", libc.socket(AF_INET, SOCK_STREAM_CLOEXEC, 0));
    // Two seconds: what is lost shall fail, not hang.
    setOption(socket, SO_SNDTIMEO, timeval(2));
    setOption(socket, SO_RCVTIMEO, timeval(2));
    // close(2) resets the connection, so that no TIME_WAIT uses up the client's ports.
    setOption(socket, SO_LINGER, new Uint8Array(new Int32Array([1, 0]).buffer));
    return socket;
  };
  const datagramSocket = () => checked("socket", libc.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0));
  const messages = makeBatch();
  return {
    create,
    sink(port) {
      const socket = datagramSocket();
      const any = socketAddress("0.0.0.0", port);
      checked("bind", libc.bind(socket, any, any.length));
      return socket;
    },
    datagrams(target) {
      const socket = datagramSocket();
      checked("connect", libc.connect(socket, target, target.length));
      return socket;
    },
    flood(socket, calls) {
      const started = performance.now();
      let sent = 0;
      for (let at = 0; at < calls; at++) {
        sent += checked("sendmmsg", libc.sendmmsg(socket, messages.headers, batch, 0));
      }
      return ((performance.now() - started) * 1000) / sent;
    },
    listen(port) {
      const socket = create();
      const any = socketAddress("0.0.0.0", port);
      checked("bind", libc.bind(socket, any, any.length));
      checked("listen", libc.listen(socket, 16));
      return socket;
    },
    accept: (listener) => checked("accept", libc.accept(listener, 0, 0)),
    connect(socket, target) {
      const started = performance.now();
      const result = libc.connect(socket, target, target.length);
      const elapsed = performance.now() - started;
      checked("connect", result);
      return elapsed * 1000;
    },
    close(...sockets) {
      for (const socket of sockets) libc.close(socket);
    },
  };
}

/** struct sockaddr_in (linux/in.h). */
export function socketAddress(ip4: string, port: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  bytes.set(ip4.split(".").map(Number), 4);
  return bytes;
}

/** struct timeval on 64-bit machines. */
function timeval(seconds: number): Uint8Array {
  return new Uint8Array(new BigInt64Array([BigInt(seconds), 0n]).buffer);
}
