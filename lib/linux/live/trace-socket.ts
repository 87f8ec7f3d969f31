/** Listens to what nf_tables tells of packets that are traced (netlink(7), group NFNLGRP_NFTRACE). */

import { writeU16, writeU32 } from "../../netlink/bytes.ts";
import { decodeMessages } from "../../netlink/message.ts";
import { decodeTrace, NFNLGRP_NFTRACE, type TraceMessage } from "../../netlink/nft/trace.ts";
import { errno } from "../../os/errno.ts";
import { SystemCallError } from "../../os/error.ts";
import { closeFile } from "../../os/file.ts";
import { attemptCall, systemCall, toolCall } from "../../os/libc.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_NETFILTER = 12;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const MSG_DONTWAIT = 0x40;
const DATAGRAM_BYTES = 32 * 1024;

export interface TraceSocket {
  /** All that came since the last time. */
  receive(): readonly TraceMessage[];
  close(): void;
}

/** In the compartment of the calling thread. @throws {SystemCallError} EPERM without CAP_NET_ADMIN */
export function openTrace(): TraceSocket {
  const fd = systemCall("open a netlink socket", ({ socket }) =>
    socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER),
  );
  try {
    const address = new Uint8Array(12);
    writeU16(address, 0, AF_NETLINK);
    toolCall("bind the netlink socket", ({ bind }) => bind(fd, address, address.length));
    const group = new Uint8Array(4);
    writeU32(group, 0, NFNLGRP_NFTRACE);
    systemCall("listen to traces", ({ setsockopt }) =>
      setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group, group.length),
    );
  } catch (error) {
    closeFile(fd);
    throw error;
  }
  const buffer = new Uint8Array(DATAGRAM_BYTES);
  return {
    receive() {
      const messages: TraceMessage[] = [];
      for (let length = read(fd, buffer); length > 0; length = read(fd, buffer)) {
        const datagram = buffer.slice(0, length);
        for (const message of decodeMessages(datagram)) {
          const trace = decodeTrace(message);
          if (trace !== undefined) messages.push(trace);
        }
      }
      return messages;
    },
    close: () => closeFile(fd),
  };
}

/** @returns 0 when nothing is waiting; what an overrun queue lost is somebody else's packet, as a rule */
function read(fd: number, buffer: Uint8Array): number {
  const length = attemptCall(({ recv }) => recv(fd, buffer, buffer.length, MSG_DONTWAIT));
  if (length === -errno.EAGAIN || length === -errno.ENOBUFS) return 0;
  if (length < 0) throw new SystemCallError("receive traces", -length);
  return length;
}
