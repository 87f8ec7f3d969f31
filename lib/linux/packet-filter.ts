/** Packet filters of sockets: little programs that the kernel runs on each packet (linux/filter.h, socket(7)). */
import { writeU16, writeU32, writeU64 } from "../netlink/bytes.ts";
import { addressOf, fixedBytes, systemCall } from "../os/libc.ts";
import { SOL_SOCKET } from "./packet-message.ts";

const SO_ATTACH_FILTER = 26;
const EQUAL = 0x15;
const RETURN = 0x06;

/** BPF_LD with BPF_H and BPF_B, both BPF_ABS: from so many bytes behind the beginning of the packet. */
export const LOAD_HALF = 0x28;
export const LOAD_BYTE = 0x30;
/** SKF_AD_OFF + SKF_AD_PROTOCOL: the EtherType, whatever the link layer is. */
export const PROTOCOL = 0xfffff000;

/** Where to go on: the number of an instruction, or the end. */
export type Target = "accept" | "refuse" | number;
export type Instruction =
  | { readonly load: number; readonly from: number }
  | { readonly equals: number; readonly yes: Target; readonly no: Target };

/** struct sock_filter, one after the other. */
export function encodeFilter(instructions: readonly Instruction[]): Uint8Array {
  const end = instructions.length;
  const bytes = fixedBytes((end + 2) * 8);
  const jump = (at: number, target: Target): number =>
    (target === "accept" ? end : target === "refuse" ? end + 1 : target) - at - 1;
  const put = (at: number, code: number, k: number, yes = 0, no = 0): void => {
    writeU16(bytes, at * 8, code);
    bytes[at * 8 + 2] = yes;
    bytes[at * 8 + 3] = no;
    writeU32(bytes, at * 8 + 4, k);
  };
  instructions.forEach((one, at) => {
    if ("load" in one) put(at, one.load, one.from);
    else put(at, EQUAL, one.equals, jump(at, one.yes), jump(at, one.no));
  });
  put(end, RETURN, 0xffff);
  put(end + 1, RETURN, 0);
  return bytes;
}

/** @throws {SystemCallError} EINVAL for a program that the kernel refuses */
export function attachFilter(fd: number, filter: Uint8Array): void {
  // struct sock_fprog.
  const program = new Uint8Array(16);
  writeU16(program, 0, filter.length / 8);
  writeU64(program, 8, addressOf(filter));
  systemCall("attach a filter", ({ setsockopt }) =>
    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, program.length),
  );
}
