/**
 * System calls by FFI on libc: the only file that knows of `bun:ffi`.
 *
 * Bun calls its FFI experimental; a native addon with these few functions could take its place.
 */
import { dlopen, FFIType, read } from "bun:ffi";
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

/** glibc; musl's development name; musl by machine. */
const names = ["libc.so.6", "libc.so", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

export type Libc = ReturnType<typeof open>["symbols"];

let opened: Libc | undefined;

/**
 * Opened at the first call (0.2 ms) and kept: a library cannot be opened anew for every call.
 * @throws {Error} when no libc is found
 */
export function libc(): Libc {
  opened ??= open().symbols;
  return opened;
}

function open() {
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
  const symbols = libc();
  for (;;) {
    const result = Number(call(symbols));
    if (result >= 0) return result;
    const at = symbols.__errno_location();
    const number = at === null ? errno.EIO : read.i32(at, 0);
    if (number !== errno.EINTR) return -number;
  }
}
