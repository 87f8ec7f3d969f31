/** Packet sockets and raw sockets without an event loop: send a frame now, take what has come by now. */
import { dlopen, FFIType, read } from "bun:ffi";

const libc = dlopen("libc.so.6", {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  send: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
  recvfrom: { args: ["i32", "ptr", "u64", "i32", "ptr", "ptr"], returns: "i64" },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  if_nametoindex: { args: [FFIType.cstring], returns: "u32" },
  close: { args: ["i32"], returns: "i32" },
  sched_getaffinity: { args: ["i32", "u64", "ptr"], returns: "i32" },
  sched_setaffinity: { args: ["i32", "u64", "ptr"], returns: "i32" },
  sched_getcpu: { args: [], returns: "i32" },
  __errno_location: { args: [], returns: FFIType.ptr },
}).symbols;

const AF_INET = 2;
const AF_INET6 = 10;
const AF_PACKET = 17;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const ETH_P_ALL = 0x0003;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const MSG_DONTWAIT = 0x40;
const EAGAIN = 11;
const PACKET_OUTGOING = 4;

export interface Line {
  send(bytes: Uint8Array): void;
  /** All that has come since; of a packet socket without what went out. */
  take(): readonly Uint8Array[];
  close(): void;
}

/**
 * Keeps this thread on the CPU it is on: frames queue up on the CPU of who sends them, and only of one queue it is true
 * that what was sent before is taken before.
 *
 * @returns what lets it go where it may again
 */
export function stayOnCpu(): () => void {
  const before = new Uint8Array(128);
  checked("sched_getaffinity", libc.sched_getaffinity(0, BigInt(before.length), before));
  const own = new Uint8Array(before.length);
  const cpu = checked("sched_getcpu", libc.sched_getcpu());
  own[cpu >> 3] = 1 << (cpu & 7);
  const set = (mask: Uint8Array) =>
    void checked("sched_setaffinity", libc.sched_setaffinity(0, BigInt(mask.length), mask));
  set(own);
  return () => set(before);
}

/** On an interface of the current namespace: whole frames. */
export function openLink(device: string): Line {
  const fd = checked("socket", libc.socket(AF_PACKET, SOCK_RAW_CLOEXEC, ETH_P_ALL << 8));
  const address = new Uint8Array(20);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, ETH_P_ALL);
  view.setUint32(4, libc.if_nametoindex(Buffer.from(`${device}\0`)), true);
  checked("bind", libc.bind(fd, address, address.length));
  return lineOf(fd, (from) => from[10] !== PACKET_OUTGOING);
}

/**
 * What the current namespace itself takes of a protocol, behind all rules of its input: for IPv4 from the IP header on,
 * for IPv6 from the transport header on.
 */
export function openInput(family: 4 | 6, protocol: number): Line {
  const domain = family === 4 ? AF_INET : AF_INET6;
  return lineOf(checked("socket", libc.socket(domain, SOCK_RAW_CLOEXEC, protocol)), () => true);
}

function lineOf(fd: number, wanted: (from: Uint8Array) => boolean): Line {
  const size = new Uint8Array(new Int32Array([8 << 20]).buffer);
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, size, size.length);
  const buffer = new Uint8Array(65_536);
  return {
    send: (bytes) => void checked("send", Number(libc.send(fd, bytes, BigInt(bytes.length), 0))),
    take() {
      const taken: Uint8Array[] = [];
      for (;;) {
        const from = new Uint8Array(128);
        const size = new Uint8Array(new Int32Array([from.length]).buffer);
        const length = Number(libc.recvfrom(fd, buffer, BigInt(buffer.length), MSG_DONTWAIT, from, size));
        if (length < 0) {
          if (errno() === EAGAIN) return taken;
          throw new Error(`recvfrom: errno ${errno()}`);
        }
        if (wanted(from)) taken.push(buffer.slice(0, length));
      }
    },
    close: () => void libc.close(fd),
  };
}

function errno(): number {
  const at = libc.__errno_location();
  return at === null ? 0 : read.i32(at, 0);
}

function checked(title: string, result: number): number {
  if (result >= 0) return result;
  throw new Error(`${title}: errno ${errno()}`);
}
