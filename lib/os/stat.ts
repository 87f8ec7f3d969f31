/** What a file is, by statx(2), whose layout is the same on every architecture (linux/stat.h). */
import { errno } from "./errno.ts";
import { SystemCallError } from "./error.ts";
import { pathBytes } from "./file.ts";
import { attemptCall } from "./libc.ts";

const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
/** Of struct statx, in units of 8 bytes; stx_uid in units of 4, stx_mode in units of 2. */
const field = { struct: 32, inode: 4, size: 5, device: 17, owner: 5, mode: 14 } as const;

export interface FileStat {
  /** Device and inode number together name a file; big, since some file systems use all 64 bits. */
  readonly device: bigint;
  readonly inode: bigint;
  /** Bytes. */
  readonly size: number;
  readonly isFile: boolean;
  /** User id. */
  readonly owner: number;
  /** Who may do what: the low 12 bits of st_mode. */
  readonly permissions: number;
}

/** Follows links. @returns undefined when there is nothing. @throws {SystemCallError} */
export function statFile(path: string): FileStat | undefined {
  return statAt(AT_FDCWD, path, 0);
}

/** Of an open file. @throws {SystemCallError} */
export function statDescriptor(fd: number): FileStat {
  const found = statAt(fd, "", AT_EMPTY_PATH);
  if (found === undefined) throw new SystemCallError(`stat descriptor ${fd}`, errno.ENOENT);
  return found;
}

function statAt(fd: number, path: string, flags: number): FileStat | undefined {
  const words = new BigUint64Array(field.struct);
  const name = pathBytes(path);
  const result = attemptCall(({ statx }) => statx(fd, name, flags, STATX_BASIC_STATS, words));
  if (result === -errno.ENOENT || result === -errno.ENOTDIR) return undefined;
  if (result < 0) throw new SystemCallError(`stat ${path || fd}`, -result);
  const mode = new Uint16Array(words.buffer)[field.mode] ?? 0;
  return {
    device: words[field.device] ?? 0n,
    inode: words[field.inode] ?? 0n,
    size: Number(words[field.size]),
    isFile: (mode & S_IFMT) === S_IFREG,
    owner: new Uint32Array(words.buffer)[field.owner] ?? 0,
    permissions: mode & ~S_IFMT,
  };
}
