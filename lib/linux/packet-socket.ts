/** What passes an interface, frame by frame: a packet socket (packet(7), linux/if_packet.h). */
import { readU16, readU32, writeU16, writeU32 } from "../netlink/bytes.ts";
import { closeFile } from "../os/file.ts";
import { attemptCall, toolCall } from "../os/libc.ts";
import { POLLIN, poll } from "../os/poll.ts";
import type { Capture, CapturedFrame } from "../seam/tool-backend.ts";
import {
  type ControlMessage,
  openPackets,
  type PacketMessage,
  packetMessage,
  packetType,
  receivePacket,
  SOL_SOCKET,
  setOption,
} from "./packet-message.ts";

const ETH_P_8021Q = 0x8100;
const SO_RCVBUFFORCE = 33;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_MR_PROMISC = 1;
const PACKET_STATISTICS = 6;
/** The same number names the option and the control message. */
const PACKET_AUXDATA = 8;
const TP_STATUS_VLAN_VALID = 1 << 4;
const TP_STATUS_VLAN_TPID_VALID = 1 << 6;
/** A moment's worth of a fast port. */
const QUEUE_BYTES = 16 * 1024 * 1024;

/**
 * @param snapLength most bytes kept of a frame
 * @param outward what goes out there comes from containers
 * @throws {SystemCallError} EPERM without CAP_NET_RAW
 */
export function openPacketSocket(ifindex: number, snapLength: number, outward = false): Capture {
  const fd = openPackets("frames", ifindex, (opened) => prepare(opened, ifindex));
  const message = packetMessage(snapLength);
  return {
    receive: () => receive(fd, message, outward),
    wait: (ms, output) => wait(fd, ms, output),
    dropped: () => dropped(fd),
    close: () => closeFile(fd),
  };
}

function prepare(fd: number, ifindex: number): void {
  setOption(fd, SOL_PACKET, PACKET_AUXDATA, 1);
  setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, QUEUE_BYTES);
  // struct packet_mreq: a switch then shows what it forwards between ports too. The kernel undoes it at the end.
  const membership = new Uint8Array(16);
  writeU32(membership, 0, ifindex);
  writeU16(membership, 4, PACKET_MR_PROMISC);
  attemptCall(({ setsockopt }) =>
    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership, membership.length),
  );
}

function receive(fd: number, message: PacketMessage, outward: boolean): CapturedFrame | undefined {
  const packet = receivePacket(fd, message);
  if (packet === undefined) return undefined;
  const { atNs, bytes, length, type } = packet;
  const tag = tagOf(packet.controls);
  return {
    atNs,
    length: length + (tag?.length ?? 0),
    bytes: tag === undefined ? bytes : withTag(bytes, tag),
    towardsContainer: (type === packetType.outgoing) !== outward,
  };
}

/** The VLAN tag, which the kernel keeps apart from the frame. struct tpacket_auxdata: status, lengths, then the tag. */
function tagOf(controls: readonly ControlMessage[]): Uint8Array | undefined {
  const found = controls.find(({ level, type }) => level === SOL_PACKET && type === PACKET_AUXDATA);
  if (found === undefined) return undefined;
  const status = readU32(found.data, 0);
  if ((status & TP_STATUS_VLAN_VALID) === 0) return undefined;
  const tci = readU16(found.data, 16);
  const tpid = (status & TP_STATUS_VLAN_TPID_VALID) === 0 ? ETH_P_8021Q : readU16(found.data, 18);
  return Uint8Array.of(tpid >> 8, tpid & 0xff, tci >> 8, tci & 0xff);
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
