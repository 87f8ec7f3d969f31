/** What lies in a file system of a test machine, before it is an archive or an image. */
import { readFileSync } from "node:fs";

/** One thing of a file system. Paths are absolute there; the folders they need are there by themselves. */
export type TreeEntry =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  /** A file under one or more names (hard links). */
  | {
      readonly kind: "file";
      readonly paths: readonly string[];
      readonly content: Content;
      /** Permission bits. Default 0o755. */
      readonly mode?: number;
    };

/** Text, bytes, or those of a file of this machine. */
export type Content = string | Uint8Array | { readonly from: string };

export function contentBytes(content: Content): Uint8Array {
  if (typeof content === "string") return new TextEncoder().encode(content);
  return content instanceof Uint8Array ? content : readFileSync(content.from);
}

/** The folder that a path lies in. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** All folders of a tree, those that a path needs included, each after the one it lies in. */
export function foldersOf(entries: readonly TreeEntry[]): ReadonlySet<string> {
  const folders = new Set(["/"]);
  const add = (path: string) => {
    if (folders.has(path)) return;
    add(parentOf(path));
    folders.add(path);
  };
  for (const entry of entries) {
    if (entry.kind === "folder") add(entry.path);
    else for (const path of entry.kind === "file" ? entry.paths : [entry.path]) add(parentOf(path));
  }
  return folders;
}
