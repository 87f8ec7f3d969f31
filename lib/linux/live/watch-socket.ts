/** A packet socket that sees the probe on all interfaces of a compartment (packet(7)), without the link layer header. */
import { readU16, readU32, readU64, writeU16, writeU32, writeU64 } from "../../netlink/bytes.ts";
import { errno } from "../../os/errno.ts";
import { SystemCallError } from "../../os/error.ts";
import { closeFile } from "../../os/file.ts";
import { addressOf, attemptToolCall, fixedBytes, systemCall } from "../../os/libc.ts";
import { encodeFilter } from "./filter.ts";

const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
/** ETH_P_ALL in network order. */
const ALL_PROTOCOLS = 0x0300;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SO_TIMESTAMPNS = 35;
const MSG_DONTWAIT = 0x40;
const PACKET_OTHERHOST = 3;
const PACKET_OUTGOING = 4;
const PACKET_BYTES = 512;
const CMSGHDR_BYTES = 16;

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
  // Without a protocol it receives nothing until the filter is there.
  const fd = systemCall("open a packet socket", ({ socket }) =>
    socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
  );
  try {
    prepare(fd, identification);
  } catch (error) {
    closeFile(fd);
    throw error;
  }
  const message = makeMessage();
  return {
    receive() {
      const packets: WatchedPacket[] = [];
      for (let one = receive(fd, message); one !== undefined; one = receive(fd, message)) packets.push(one);
      return packets;
    },
    close: () => closeFile(fd),
  };
}

function prepare(fd: number, identification: number): void {
  const filter = encodeFilter(identification);
  // struct sock_fprog.
  const program = new Uint8Array(16);
  writeU16(program, 0, filter.length / 8);
  writeU64(program, 8, addressOf(filter));
  systemCall("attach a filter", ({ setsockopt }) =>
    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, program.length),
  );
  const on = Uint8Array.of(1, 0, 0, 0);
  systemCall("ask for times", ({ setsockopt }) => setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, on, on.length));
  const address = new Uint8Array(20);
  writeU16(address, 0, AF_PACKET);
  writeU16(address, 2, ALL_PROTOCOLS);
  const bound = attemptToolCall(({ bind }) => bind(fd, address, address.length));
  if (bound < 0) throw new SystemCallError("bind the packet socket", -bound);
}

/** struct msghdr with all that it points to. */
function makeMessage() {
  const message = {
    header: fixedBytes(56),
    name: fixedBytes(20),
    vector: fixedBytes(16),
    data: fixedBytes(PACKET_BYTES),
    control: fixedBytes(128),
  };
  writeU64(message.vector, 0, addressOf(message.data));
  writeU64(message.vector, 8, BigInt(PACKET_BYTES));
  writeU64(message.header, 0, addressOf(message.name));
  writeU64(message.header, 16, addressOf(message.vector));
  writeU64(message.header, 24, 1n);
  writeU64(message.header, 32, addressOf(message.control));
  return message;
}

function receive(fd: number, message: ReturnType<typeof makeMessage>): WatchedPacket | undefined {
  const { header, name, data, control } = message;
  writeU32(header, 8, name.length);
  writeU64(header, 40, BigInt(control.length));
  const length = attemptToolCall(({ recvmsg }) => recvmsg(fd, header, MSG_DONTWAIT));
  // ENETDOWN: an interface went down; the others are still watched.
  if (length === -errno.EAGAIN || length === -errno.ENETDOWN) return undefined;
  if (length < 0) throw new SystemCallError("receive a packet", -length);
  const type = name[10];
  return {
    ms: timeOf(control.subarray(0, Number(readU64(header, 40)))) ?? Date.now(),
    interface: readU32(name, 4),
    direction: type === PACKET_OUTGOING ? "out" : type === PACKET_OTHERHOST ? "passing" : "in",
    etherType: swap16(readU16(name, 2)),
    bytes: data.slice(0, Math.min(length, PACKET_BYTES)),
  };
}

const swap16 = (value: number): number => ((value & 0xff) << 8) | (value >> 8);

/** SCM_TIMESTAMPNS: struct timespec. */
function timeOf(control: Uint8Array): number | undefined {
  if (control.length < CMSGHDR_BYTES + 16 || readU32(control, 12) !== SO_TIMESTAMPNS) return undefined;
  const [seconds, ns] = [readU64(control, CMSGHDR_BYTES), readU64(control, CMSGHDR_BYTES + 8)];
  return Number(seconds) * 1000 + Number(ns) / 1_000_000;
}
