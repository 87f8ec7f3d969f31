/**
 * Files, over libc. node:fs would do, but loading it takes 1 ms of a process that lives for 10; `nodeFs` has it for
 * what is rare.
 */
import { errno } from "./errno.ts";
import { SystemCallError } from "./error.ts";
import { attemptCall, libc, systemCall } from "./libc.ts";

/** asm-generic/fcntl.h: these are the same on x86-64, arm64 and riscv64. */
export const O_RDONLY = 0;
export const O_WRONLY = 0o1;
export const O_RDWR = 0o2;
export const O_CREAT = 0o100;
export const O_NONBLOCK = 0o4000;
const O_TRUNC = 0o1000;
const O_CLOEXEC = 0o2000000;

/** node:fs, loaded at the first call. */
export function nodeFs(): typeof import("node:fs") {
  return process.getBuiltinModule("node:fs");
}

/**
 * @param mode of a file that is made
 * @returns a descriptor that no child inherits
 * @throws {SystemCallError}
 */
export function openFile(path: string, flags: number = O_RDONLY, mode = 0): number {
  const name = pathBytes(path);
  return systemCall(`open ${path}`, ({ open }) => open(name, flags | O_CLOEXEC, mode));
}

/** What close(2) says is of no use: the descriptor is gone in any case. */
export function closeFile(fd: number): void {
  libc().close(fd);
}

/** @returns how many bytes came, 0 at the end. @throws {SystemCallError} EAGAIN when it would block */
export function readFile(fd: number, into: Uint8Array): number {
  return systemCall("read", ({ read }) => read(fd, into, into.length));
}

/** @returns how many bytes were taken. @throws {SystemCallError} EAGAIN when it would block */
export function writeFile(fd: number, bytes: Uint8Array): number {
  return systemCall("write", ({ write }) => write(fd, bytes, bytes.length));
}

/** A small file as text. @throws {SystemCallError} */
export function readText(path: string): string {
  const fd = openFile(path);
  try {
    let bytes = new Uint8Array(4096);
    for (let length = 0; ; ) {
      const count = readFile(fd, bytes.subarray(length));
      if (count === 0) return new TextDecoder().decode(bytes.subarray(0, length));
      length += count;
      if (length < bytes.length) continue;
      const larger = new Uint8Array(bytes.length * 4);
      larger.set(bytes);
      bytes = larger;
    }
  } finally {
    closeFile(fd);
  }
}

/** Replaces what is in a file; a setting of /proc/sys takes it by one write. @throws {SystemCallError} */
export function writeText(path: string, text: string): void {
  const fd = openFile(path, O_WRONLY | O_TRUNC);
  try {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; ) at += writeFile(fd, bytes.subarray(at));
  } finally {
    closeFile(fd);
  }
}

/** For a path as C has it. @throws {SystemCallError} ENOENT: no file has a NUL in its name */
export function pathBytes(path: string): Uint8Array {
  if (path.includes("\0")) throw new SystemCallError(`look up ${JSON.stringify(path)}`, errno.ENOENT);
  return new TextEncoder().encode(`${path}\0`);
}

/** NSFS_MAGIC of linux/magic.h. */
const nsfsMagic = 0x6e736673;

/** Whether a namespace is there (f_type of statfs(2)); false where nothing is. @throws {SystemCallError} */
export const isNamespace = (path: string): boolean => fileSystemType(path) === nsfsMagic;

/** f_type of statfs(2), as in linux/magic.h; undefined when there is nothing. @throws {SystemCallError} */
function fileSystemType(path: string): number | undefined {
  const statfs = new BigUint64Array(16);
  const name = pathBytes(path);
  const result = attemptCall((symbols) => symbols.statfs(name, statfs));
  if (result === -errno.ENOENT || result === -errno.ENOTDIR) return undefined;
  if (result < 0) throw new SystemCallError(`statfs ${path}`, -result);
  return Number(statfs[0]);
}
