/**
 * Writes an image of an EROFS file system without compression: a test machine reads of it only what it uses.
 * Source: the kernel's fs/erofs/erofs_fs.h.
 */
import { contentBytes, foldersOf, nameOf, parentOf, type TreeEntry } from "./tree.ts";

const blockSize = 4096;
const superAt = 1024;
const superSize = 128;
const inodeSize = 32;
const direntSize = 12;
/** A node's number is its place in units of an inode's size; the first follows the superblock. */
const firstNode = (superAt + superSize) / inodeSize;

const EROFS_SUPER_MAGIC_V1 = 0xe0f5e1e2;
const types = {
  file: { mode: 0o100000, dirent: 1 },
  folder: { mode: 0o040000, dirent: 2 },
  link: { mode: 0o120000, dirent: 7 },
} as const;

interface Node {
  readonly kind: keyof typeof types;
  readonly node: number;
  readonly mode: number;
  readonly links: number;
  bytes: Uint8Array;
}

/** The image in parts, to be written one after the other. @throws when a path is there twice */
export function encodeErofs(entries: readonly TreeEntry[]): readonly Uint8Array[] {
  const nodes: Node[] = [];
  const children = new Map<string, Map<string, Node>>();
  const add = (node: Omit<Node, "node">) => {
    const made = { ...node, node: firstNode + nodes.length };
    nodes.push(made);
    return made;
  };
  const place = (path: string, node: Node) => {
    const siblings = children.get(parentOf(path));
    if (siblings?.has(nameOf(path)) !== false) throw new Error(`${path} is in the image twice`);
    siblings.set(nameOf(path), node);
  };
  const folders = new Map<string, Node>();
  for (const path of foldersOf(entries)) {
    const node = add({ kind: "folder", mode: 0o755, links: 2, bytes: new Uint8Array(0) });
    children.set(path, new Map());
    if (path !== "/") place(path, node);
    folders.set(path, node);
  }
  for (const entry of entries) {
    if (entry.kind === "folder") continue;
    if (entry.kind === "link") {
      place(entry.path, add({ kind: "link", mode: 0o777, links: 1, bytes: contentBytes(entry.target) }));
      continue;
    }
    const { paths, mode = 0o755, content } = entry;
    const node = add({ kind: "file", mode, links: paths.length, bytes: contentBytes(content) });
    for (const path of paths) place(path, node);
  }
  for (const [path, node] of folders) {
    const up = folders.get(parentOf(path)) ?? node;
    node.bytes = folderBytes([[".", node], ["..", up], ...(children.get(path) ?? [])]);
  }
  return image(nodes);
}

/** Entries in the order of their bytes, in blocks: fixed parts first, then the names. */
function folderBytes(named: readonly (readonly [name: string, node: Node])[]): Uint8Array {
  const sorted = named
    .map(([name, node]) => ({ name: Buffer.from(name), node }))
    .toSorted((a, b) => Buffer.compare(a.name, b.name));
  const blocks: (typeof sorted)[] = [];
  let room = 0;
  for (const entry of sorted) {
    const size = direntSize + entry.name.length;
    if (room < size) {
      blocks.push([]);
      room = blockSize;
    }
    room -= size;
    blocks.at(-1)?.push(entry);
  }
  const bytes = new Uint8Array(blocks.length * blockSize);
  const view = new DataView(bytes.buffer);
  let end = 0;
  blocks.forEach((block, number) => {
    const start = number * blockSize;
    let nameAt = block.length * direntSize;
    block.forEach(({ name, node }, at) => {
      const dirent = start + at * direntSize;
      view.setBigUint64(dirent, BigInt(node.node), true);
      view.setUint16(dirent + 8, nameAt, true);
      view.setUint8(dirent + 10, types[node.kind].dirent);
      bytes.set(name, start + nameAt);
      nameAt += name.length;
    });
    end = start + nameAt;
  });
  return bytes.subarray(0, end);
}

/** Superblock and inodes, then the bytes of each node from the start of a block on. */
function image(nodes: readonly Node[]): readonly Uint8Array[] {
  const metaBlocks = blocksOf((firstNode + nodes.length) * inodeSize);
  const meta = new Uint8Array(metaBlocks * blockSize);
  const view = new DataView(meta.buffer);
  const parts: Uint8Array[] = [meta];
  let block = metaBlocks;
  for (const { kind, node, mode, links, bytes } of nodes) {
    const at = node * inodeSize;
    // i_format 0: a compact inode whose bytes are in whole blocks
    view.setUint16(at + 4, types[kind].mode | mode, true);
    view.setUint16(at + 6, links, true);
    view.setUint32(at + 8, bytes.length, true);
    view.setUint32(at + 16, block, true);
    view.setUint32(at + 20, node, true);
    parts.push(bytes, new Uint8Array(blocksOf(bytes.length) * blockSize - bytes.length));
    block += blocksOf(bytes.length);
  }
  view.setUint32(superAt, EROFS_SUPER_MAGIC_V1, true);
  view.setUint8(superAt + 12, Math.log2(blockSize));
  view.setUint16(superAt + 14, firstNode, true);
  view.setBigUint64(superAt + 16, BigInt(nodes.length), true);
  view.setUint32(superAt + 36, block, true);
  return parts;
}

function blocksOf(size: number): number {
  return Math.ceil(size / blockSize);
}
