/** Writes a cpio archive of the "newc" format, which the kernel unpacks as its first root file system. */
import { contentBytes, foldersOf, type TreeEntry } from "./tree.ts";

const typeOf = { folder: 0o040000, link: 0o120000, file: 0o100000 } as const;
const noBytes = new Uint8Array(0);

/**
 * The archive in parts, to be written one after the other.
 * Source: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
 */
export function encodeCpio(entries: readonly TreeEntry[]): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  let inode = 0;
  const add = (path: string, mode: number, bytes: Uint8Array, links = 1) => {
    parts.push(header(path, { inode, mode, links, size: bytes.length }), bytes, padding(bytes.length));
  };
  for (const path of foldersOf(entries)) {
    inode += 1;
    if (path !== "/") add(path, typeOf.folder | 0o755, noBytes, 2);
  }
  for (const entry of entries) {
    if (entry.kind === "folder") continue;
    inode += 1;
    if (entry.kind === "link") add(entry.path, typeOf.link | 0o777, contentBytes(entry.target));
    else {
      const mode = typeOf.file | (entry.mode ?? 0o755);
      const bytes = contentBytes(entry.content);
      // The kernel takes the bytes from the name that has some, whichever comes first.
      entry.paths.forEach((path, at) => {
        add(path, mode, at === 0 ? bytes : noBytes, entry.paths.length);
      });
    }
  }
  parts.push(header("/TRAILER!!!", { inode: 0, mode: 0, links: 1, size: 0 }));
  return parts;
}

interface Fields {
  readonly inode: number;
  readonly mode: number;
  readonly links: number;
  readonly size: number;
}

/** 110 bytes of text and the name with its end mark, filled to a multiple of four. */
function header(path: string, { inode, mode, links, size }: Fields): Uint8Array {
  const name = new TextEncoder().encode(`${path.slice(1)}\0`);
  // inode, mode, uid, gid, nlink, mtime, size, device (two numbers), special device (two), name's length, checksum
  const fields = [inode, mode, 0, 0, links, 0, size, 0, 0, 0, 0, name.length, 0];
  const text = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  const length = 110 + name.length;
  const bytes = new Uint8Array(length + fill(length));
  bytes.set(new TextEncoder().encode(text));
  bytes.set(name, 110);
  return bytes;
}

function padding(length: number): Uint8Array {
  return new Uint8Array(fill(length));
}

function fill(length: number): number {
  return (4 - (length % 4)) % 4;
}
