/** What passes an interface, frame by frame: a packet socket (packet(7), linux/if_packet.h). */
import type { Capture, CapturedFrame } from "../backend.ts";
import { readU16, readU32, readU64, writeU16, writeU32, writeU64 } from "../netlink/bytes.ts";
import { errno } from "../os/errno.ts";
import { SystemCallError } from "../os/error.ts";
import { closeFile } from "../os/file.ts";
import { addressOf, attemptCall, attemptToolCall, fixedBytes, systemCall, toolCall } from "../os/libc.ts";
import { POLLIN, poll } from "../os/poll.ts";

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const ETH_P_ALL = 0x0003;
const ETH_P_8021Q = 0x8100;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
/** asm-generic/socket.h: the same number names the option and the control message. */
const SO_TIMESTAMPNS = 35;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_MR_PROMISC = 1;
const PACKET_STATISTICS = 6;
const PACKET_AUXDATA = 8;
const PACKET_OUTGOING = 4;
const TP_STATUS_VLAN_VALID = 1 << 4;
const TP_STATUS_VLAN_TPID_VALID = 1 << 6;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

const SOCKADDR_LL_BYTES = 20;
/** struct msghdr and struct iovec of 64-bit machines. */
const MSGHDR_BYTES = 56;
const CMSGHDR_BYTES = 16;
/** A moment's worth of a fast port. */
const QUEUE_BYTES = 16 * 1024 * 1024;

/** @param snapLength most bytes kept of a frame. @throws {SystemCallError} EPERM without CAP_NET_RAW */
export function openPacketSocket(ifindex: number, snapLength: number): Capture {
  // Without a protocol it receives nothing until it is bound to the one interface.
  const fd = systemCall("open a packet socket", ({ socket }) =>
    socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0),
  );
  try {
    prepare(fd, ifindex);
  } catch (error) {
    closeFile(fd);
    throw error;
  }
  const message = makeMessage(snapLength);
  return {
    receive: () => receive(fd, message),
    wait: (ms, output) => wait(fd, ms, output),
    dropped: () => dropped(fd),
    close: () => closeFile(fd),
  };
}

function prepare(fd: number, ifindex: number): void {
  const option = (level: number, name: number, value: number): void => {
    const encoded = new Uint8Array(4);
    writeU32(encoded, 0, value);
    // Older kernels and user namespaces lack some; the capture is the poorer for it, not wrong.
    attemptCall(({ setsockopt }) => setsockopt(fd, level, name, encoded, encoded.length));
  };
  option(SOL_SOCKET, SO_TIMESTAMPNS, 1);
  option(SOL_PACKET, PACKET_AUXDATA, 1);
  option(SOL_SOCKET, SO_RCVBUFFORCE, QUEUE_BYTES);
  const address = new Uint8Array(SOCKADDR_LL_BYTES);
  writeU16(address, 0, AF_PACKET);
  address.set([ETH_P_ALL >> 8, ETH_P_ALL & 0xff], 2);
  writeU32(address, 4, ifindex);
  toolCall("bind the packet socket", ({ bind }) => bind(fd, address, address.length));
  // struct packet_mreq: a switch then shows what it forwards between ports too. The kernel undoes it at the end.
  const membership = new Uint8Array(16);
  writeU32(membership, 0, ifindex);
  writeU16(membership, 4, PACKET_MR_PROMISC);
  attemptCall(({ setsockopt }) =>
    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership, membership.length),
  );
}

/** A msghdr with all that it points to: kept, so that nothing goes while the kernel looks. */
interface Message {
  readonly header: Uint8Array;
  readonly name: Uint8Array;
  readonly vector: Uint8Array;
  readonly data: Uint8Array;
  readonly control: Uint8Array;
}

function makeMessage(snapLength: number): Message {
  const message = {
    header: fixedBytes(MSGHDR_BYTES),
    name: fixedBytes(SOCKADDR_LL_BYTES),
    vector: fixedBytes(16),
    data: fixedBytes(snapLength),
    control: fixedBytes(256),
  };
  writeU64(message.vector, 0, addressOf(message.data));
  writeU64(message.vector, 8, BigInt(snapLength));
  writeU64(message.header, 0, addressOf(message.name));
  writeU64(message.header, 16, addressOf(message.vector));
  writeU64(message.header, 24, 1n);
  writeU64(message.header, 32, addressOf(message.control));
  return message;
}

function receive(fd: number, message: Message): CapturedFrame | undefined {
  const { header, name, data, control } = message;
  writeU32(header, 8, name.length);
  writeU64(header, 40, BigInt(control.length));
  const length = attemptToolCall(({ recvmsg }) => recvmsg(fd, header, MSG_DONTWAIT | MSG_TRUNC));
  if (length === -errno.EAGAIN) return undefined;
  if (length < 0) throw new SystemCallError("receive a frame", -length);
  const { atNs, tag } = readControl(control.subarray(0, Number(readU64(header, 40))));
  const bytes = data.slice(0, Math.min(length, data.length));
  return {
    atNs: atNs ?? BigInt(Date.now()) * 1_000_000n,
    length: length + (tag?.length ?? 0),
    bytes: tag === undefined ? bytes : withTag(bytes, tag),
    towardsContainer: name[10] === PACKET_OUTGOING,
  };
}

/** Control messages: when it was, and the VLAN tag that the kernel keeps apart from the frame. */
function readControl(control: Uint8Array): { readonly atNs?: bigint; readonly tag?: Uint8Array } {
  let found: { atNs?: bigint; tag?: Uint8Array } = {};
  for (let at = 0; at + CMSGHDR_BYTES <= control.length; ) {
    const length = Number(readU64(control, at));
    if (length < CMSGHDR_BYTES) break;
    const [level, type, data] = [readU32(control, at + 8), readU32(control, at + 12), at + CMSGHDR_BYTES];
    if (level === SOL_SOCKET && type === SO_TIMESTAMPNS)
      found = { ...found, atNs: readU64(control, data) * 1_000_000_000n + readU64(control, data + 8) };
    if (level === SOL_PACKET && type === PACKET_AUXDATA) found = { ...found, ...readTag(control, data) };
    at += Math.ceil(length / 8) * 8;
  }
  return found;
}

/** struct tpacket_auxdata: status, lengths, then the tag. */
function readTag(from: Uint8Array, at: number): { readonly tag?: Uint8Array } {
  const status = readU32(from, at);
  if ((status & TP_STATUS_VLAN_VALID) === 0) return {};
  const tci = readU16(from, at + 16);
  const tpid = (status & TP_STATUS_VLAN_TPID_VALID) === 0 ? ETH_P_8021Q : readU16(from, at + 18);
  return { tag: Uint8Array.of(tpid >> 8, tpid & 0xff, tci >> 8, tci & 0xff) };
}

/** Back where it was on the wire: behind the two addresses. */
function withTag(bytes: Uint8Array, tag: Uint8Array): Uint8Array {
  const tagged = new Uint8Array(bytes.length + tag.length);
  tagged.set(bytes.subarray(0, 12));
  tagged.set(tag, 12);
  tagged.set(bytes.subarray(12), 12 + tag.length);
  return tagged;
}

/** Nothing is waited for of the output: only that it breaks. */
function wait(fd: number, ms: number, output: number | undefined): ReturnType<Capture["wait"]> {
  const others = output === undefined ? [] : [{ fd: output, events: 0 }];
  const [frame = 0, broken = 0] = poll([{ fd, events: POLLIN }, ...others], ms);
  if (broken !== 0) return "closed";
  return frame === 0 ? "quiet" : "readable";
}

/** struct tpacket_stats: packets, drops. */
function dropped(fd: number): number {
  const [stats, length] = [new Uint8Array(8), Uint8Array.of(8, 0, 0, 0)];
  toolCall("count dropped frames", ({ getsockopt }) =>
    getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, stats, length),
  );
  return readU32(stats, 4);
}
