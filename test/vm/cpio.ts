/** Writes a cpio archive of the "newc" format, which the kernel unpacks as its first root file system. */

/** One thing of the archive; paths are absolute in the machine that unpacks it. */
export type CpioEntry =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  /** A file under one or more names (hard links): its bytes are in the archive once. */
  | {
      readonly kind: "file";
      readonly paths: readonly string[];
      readonly bytes: Uint8Array;
      /** Permission bits. Default 0o755. */
      readonly mode?: number;
    };

const typeOf = { folder: 0o040000, link: 0o120000, file: 0o100000 } as const;
const noBytes = new Uint8Array(0);

/**
 * The archive in parts, to be written one after the other. Folders that a path needs are added before it.
 * Source: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
 */
export function encodeCpio(entries: readonly CpioEntry[]): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  const known = new Set(["/"]);
  let inode = 0;
  const add = (path: string, mode: number, bytes: Uint8Array, links = 1) => {
    parts.push(header(path, { inode, mode, links, size: bytes.length }), bytes, padding(bytes.length));
  };
  const addFolders = (path: string) => {
    const parent = path.slice(0, path.lastIndexOf("/")) || "/";
    if (known.has(parent)) return;
    addFolders(parent);
    addFolder(parent);
  };
  const addFolder = (path: string) => {
    if (known.has(path)) return;
    known.add(path);
    inode += 1;
    add(path, typeOf.folder | 0o755, noBytes, 2);
  };
  for (const entry of entries) {
    const paths = entry.kind === "file" ? entry.paths : [entry.path];
    for (const path of paths) addFolders(path);
    if (entry.kind === "folder") {
      addFolder(entry.path);
      continue;
    }
    inode += 1;
    if (entry.kind === "link") add(entry.path, typeOf.link | 0o777, new TextEncoder().encode(entry.target));
    else {
      const mode = typeOf.file | (entry.mode ?? 0o755);
      // The kernel takes the bytes from the name that has some, whichever comes first.
      paths.forEach((path, at) => {
        add(path, mode, at === 0 ? entry.bytes : noBytes, paths.length);
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
