/** Packet sockets, and what the kernel says of each packet received on one (packet(7), recvmsg(2), linux/if_packet.h). */
import { readU32, readU64, writeBe16, writeU16, writeU32, writeU64 } from "../netlink/bytes.ts";
import { errno } from "../os/errno.ts";
import { SystemCallError } from "../os/error.ts";
import { closeFile } from "../os/file.ts";
import { addressOf, attemptCall, attemptToolCall, fixedBytes, systemCall, toolCall } from "../os/libc.ts";

const AF_PACKET = 17;
const SOCK_CLOEXEC = 0o2000000;
/** With the link layer header, or from the IP or ARP header on. */
const types = { frames: 3, payloads: 2 } as const;
/** linux/if_ether.h: what a socket may be for; of `all` it sees what is sent from here, too. */
const protocols = { all: 0x0003, ip4: 0x0800, ip6: 0x86dd } as const;

export const SOL_SOCKET = 1;
/** asm-generic/socket.h: the same number names the option and the control message. */
const SO_TIMESTAMPNS = 35;

const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

const SOCKADDR_LL_BYTES = 20;
/** struct msghdr and struct iovec of 64-bit machines. */
const MSGHDR_BYTES = 56;
const IOVEC_BYTES = 16;
const CMSGHDR_BYTES = 16;
const CONTROL_BYTES = 256;

/** linux/if_packet.h: whose a packet is; the kernel knows more of them. */
export const packetType = { otherHost: 3, outgoing: 4 } as const;

/**
 * @param ifindex 0 for all interfaces of the compartment of the calling thread
 * @param prepare what must be in place before the first packet is queued
 * @throws {SystemCallError} EPERM without CAP_NET_RAW
 */
export function openPackets(
  type: keyof typeof types,
  ifindex: number,
  prepare: (fd: number) => void,
  protocol: keyof typeof protocols = "all",
): number {
  // Without a protocol it receives nothing until it is bound.
  const fd = systemCall("open a packet socket", ({ socket }) =>
    socket(AF_PACKET, types[type] | SOCK_CLOEXEC, 0),
  );
  try {
    // Where it is refused, the time of reading stands in.
    setOption(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
    prepare(fd);
    const address = new Uint8Array(SOCKADDR_LL_BYTES);
    writeU16(address, 0, AF_PACKET);
    writeBe16(address, 2, protocols[protocol]);
    writeU32(address, 4, ifindex);
    toolCall("bind the packet socket", ({ bind }) => bind(fd, address, address.length));
  } catch (error) {
    closeFile(fd);
    throw error;
  }
  return fd;
}

/** Older kernels and user namespaces lack some options: one that is refused is gone without. */
export function setOption(fd: number, level: number, name: number, value: number): void {
  const encoded = new Uint8Array(4);
  writeU32(encoded, 0, value);
  attemptCall(({ setsockopt }) => setsockopt(fd, level, name, encoded, encoded.length));
}

/** A msghdr with all that it points to: kept, so that nothing goes while the kernel looks. */
export interface PacketMessage {
  readonly header: Uint8Array;
  /** struct sockaddr_ll. */
  readonly name: Uint8Array;
  readonly vector: Uint8Array;
  readonly data: Uint8Array;
  readonly control: Uint8Array;
}

/** @param snapLength most bytes kept of a packet */
export function packetMessage(snapLength: number): PacketMessage {
  const message = {
    header: fixedBytes(MSGHDR_BYTES),
    name: fixedBytes(SOCKADDR_LL_BYTES),
    vector: fixedBytes(IOVEC_BYTES),
    data: fixedBytes(snapLength),
    control: fixedBytes(CONTROL_BYTES),
  };
  writeU64(message.vector, 0, addressOf(message.data));
  writeU64(message.vector, 8, BigInt(snapLength));
  writeU64(message.header, 0, addressOf(message.name));
  writeU64(message.header, 16, addressOf(message.vector));
  writeU64(message.header, 24, 1n);
  writeU64(message.header, 32, addressOf(message.control));
  return message;
}

export interface ReceivedPacket {
  /** Since 1970. */
  readonly atNs: bigint;
  readonly ifindex: number;
  /** ETH_P_*, host order. */
  readonly protocol: number;
  /** PACKET_*: {@link packetType}. */
  readonly type: number;
  /** On the wire; `bytes` may hold fewer. */
  readonly length: number;
  readonly bytes: Uint8Array;
  readonly controls: readonly ControlMessage[];
}

export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
}

/** @returns undefined when none is waiting. @throws {SystemCallError} */
export function receivePacket(fd: number, message: PacketMessage): ReceivedPacket | undefined {
  const { header, name, data } = message;
  writeU32(header, 8, name.length);
  writeU64(header, 40, BigInt(message.control.length));
  const length = attemptToolCall(({ recvmsg }) => recvmsg(fd, header, MSG_DONTWAIT | MSG_TRUNC));
  if (length === -errno.EAGAIN) return undefined;
  if (length < 0) throw new SystemCallError("receive a packet", -length);
  const controls = readControls(message.control.slice(0, Number(readU64(header, 40))));
  return {
    atNs: timeOf(controls) ?? BigInt(Date.now()) * 1_000_000n,
    ifindex: readU32(name, 4),
    protocol: ((name[2] ?? 0) << 8) | (name[3] ?? 0),
    type: name[10] ?? 0,
    length,
    bytes: data.slice(0, Math.min(length, data.length)),
    controls,
  };
}

function readControls(bytes: Uint8Array): readonly ControlMessage[] {
  const found: ControlMessage[] = [];
  for (let at = 0; at + CMSGHDR_BYTES <= bytes.length; ) {
    const length = Number(readU64(bytes, at));
    if (length < CMSGHDR_BYTES) break;
    const data = bytes.subarray(at + CMSGHDR_BYTES, at + length);
    found.push({ level: readU32(bytes, at + 8), type: readU32(bytes, at + 12), data });
    at += Math.ceil(length / 8) * 8;
  }
  return found;
}

/** SCM_TIMESTAMPNS: struct timespec. */
function timeOf(controls: readonly ControlMessage[]): bigint | undefined {
  const found = controls.find(({ level, type }) => level === SOL_SOCKET && type === SO_TIMESTAMPNS);
  return found && readU64(found.data, 0) * 1_000_000_000n + readU64(found.data, 8);
}
