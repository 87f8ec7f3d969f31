/** The conditions of most transactions. */
import type { Compare, KeyValue } from "./etcd.ts";

/** Nobody has made it. */
export function absent(key: string): Compare {
  return { key, target: "create", number: "0" };
}

/** Nobody has written it since it was read. */
export function unchanged({ key, modRevision }: Pick<KeyValue, "key" | "modRevision">): Compare {
  return { key, target: "mod", number: modRevision };
}
