/**
 * System calls by FFI on libc: the only file that knows of `bun:ffi`.
 *
 * Bun calls its FFI experimental; a native addon with these few functions could take its place.
 */
import { dlopen, type FFIFunction, FFIType, ptr, read } from "bun:ffi";
import { errno } from "./errno.ts";
import { SystemCallError } from "./error.ts";

const symbols = {
  open: { args: ["ptr", "i32", "u32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  read: { args: ["i32", "ptr", "usize"], returns: FFIType.i64_fast },
  write: { args: ["i32", "ptr", "usize"], returns: FFIType.i64_fast },
  statx: { args: ["i32", "ptr", "i32", "u32", "ptr"], returns: "i32" },
  statfs: { args: ["ptr", "ptr"], returns: "i32" },
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  sendto: { args: ["i32", "ptr", "usize", "i32", "ptr", "u32"], returns: FFIType.i64_fast },
  recv: { args: ["i32", "ptr", "usize", "i32"], returns: FFIType.i64_fast },
  setns: { args: ["i32", "i32"], returns: "i32" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  _exit: { args: ["i32"], returns: "void" },
  __errno_location: { args: [], returns: "ptr" },
} as const;

/** What the operator's tool needs beside these: opened apart, since each symbol costs the plugins' start. */
const toolSymbols = {
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  recvmsg: { args: ["i32", "ptr", "i32"], returns: FFIType.i64_fast },
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
  unshare: { args: ["i32"], returns: "i32" },
  mount: { args: ["ptr", "ptr", "ptr", "u64", "ptr"], returns: "i32" },
  umount2: { args: ["ptr", "i32"], returns: "i32" },
} as const;

/** For taps and offloads. The last argument is a number, or where a structure is. */
const ioctlSymbols = { ioctl: { args: ["i32", "u64", "u64"], returns: "i32" } } as const;

/** glibc; musl's development name; musl by machine. */
const names = ["libc.so.6", "libc.so", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

export type Libc = ReturnType<typeof open<typeof symbols>>["symbols"];
export type ToolLibc = ReturnType<typeof open<typeof toolSymbols>>["symbols"];
type IoctlLibc = ReturnType<typeof open<typeof ioctlSymbols>>["symbols"];

let opened: Libc | undefined;
let openedTool: ToolLibc | undefined;
let openedIoctl: IoctlLibc | undefined;

/**
 * Opened at the first call (0.2 ms) and kept: a library cannot be opened anew for every call.
 * @throws {Error} when no libc is found
 */
export function libc(): Libc {
  opened ??= open(symbols).symbols;
  return opened;
}

function open<Symbols extends Record<string, FFIFunction>>(symbols: Symbols) {
  let failure: unknown;
  for (const name of names) {
    try {
      return dlopen(name, symbols);
    } catch (error) {
      failure ??= error;
    }
  }
  throw new Error(`no C library under any of the names ${names.join(", ")}`, { cause: failure });
}

/**
 * Runs a system call, again when a signal interrupted it.
 *
 * @param title what the call does, for the error
 * @returns what the call returns, 0 or more
 * @throws {SystemCallError}
 */
export function systemCall(title: string, call: (symbols: Libc) => number | bigint): number {
  const result = attemptCall(call);
  if (result < 0) throw new SystemCallError(title, -result);
  return result;
}

/**
 * `systemCall` for one that may well fail.
 *
 * errno must be read before anything else runs on this thread, so it is read here and nowhere else.
 * @returns what the call returns, or the error number below zero
 */
export function attemptCall(call: (symbols: Libc) => number | bigint): number {
  return attempt(libc(), call);
}

/** What is called seldom; kept as `libc` is. */
export function toolLibc(): ToolLibc {
  openedTool ??= open(toolSymbols).symbols;
  return openedTool;
}

/** `attemptCall` for those. */
export function attemptToolCall(call: (symbols: ToolLibc) => number | bigint): number {
  return attempt(toolLibc(), call);
}

/** `systemCall` likewise. @throws {SystemCallError} */
export function toolCall(title: string, call: (symbols: ToolLibc) => number | bigint): number {
  const result = attemptToolCall(call);
  if (result < 0) throw new SystemCallError(title, -result);
  return result;
}

/**
 * ioctl(2), by the number of its request.
 * @param argument a number, or `addressOf` a structure
 * @throws {SystemCallError}
 */
export function ioctlCall(title: string, fd: number, request: number, argument: number | bigint): void {
  openedIoctl ??= open(ioctlSymbols).symbols;
  const result = attempt(openedIoctl, ({ ioctl }) => ioctl(fd, BigInt(request), BigInt(argument)));
  if (result < 0) throw new SystemCallError(title, -result);
}

/** Bytes that stay where they are: a small array that has no buffer of its own moves when it first needs one. */
export function fixedBytes(length: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(length));
}

/** Where `fixedBytes` are, for structures that point to others; they must be kept while the kernel looks. */
export function addressOf(bytes: Uint8Array): bigint {
  return BigInt(ptr(bytes));
}

function attempt<Symbols>(symbols: Symbols, call: (symbols: Symbols) => number | bigint): number {
  const { __errno_location } = libc();
  for (;;) {
    const result = Number(call(symbols));
    if (result >= 0) return result;
    const at = __errno_location();
    const number = at === null ? errno.EIO : read.i32(at, 0);
    if (number !== errno.EINTR) return -number;
  }
}
