/**
 * Go's case-insensitive object keys.
 *
 * Runtimes and reference plugins are written in Go, whose JSON decoder takes `HostPort` for `hostPort`; containerd's
 * capability structs carry no tags and are really sent that way. A shape lists the keys a reader knows, and folding
 * brings an object to those spellings so that everything behind it can match exactly.
 */
import { isObject, type JsonObject } from "./read.ts";

export type Shape =
  | { readonly kind: "any" }
  | { readonly kind: "object"; readonly keys: Readonly<Record<string, Shape>> }
  | { readonly kind: "list"; readonly of: Shape }
  | { readonly kind: "map"; readonly of: Shape };

/** A value whose inside is not known or has no keys. */
export const anyShape: Shape = { kind: "any" };

export const objectShape = (keys: Readonly<Record<string, Shape>>): Shape => ({ kind: "object", keys });
export const listShape = (of: Shape): Shape => ({ kind: "list", of });
/** An object whose keys are data and therefore kept, with values of one shape. */
export const mapShape = (of: Shape): Shape => ({ kind: "map", of });

/** An object of keys whose values need no folding of their own. */
export function flatShape(...names: readonly string[]): Shape {
  return objectShape(Object.fromEntries(names.map((name) => [name, anyShape])));
}

/**
 * Brings the keys that `shape` knows to its spelling, at every depth.
 *
 * An exact key wins over one that differs in case, and of several the last wins. A known key with null is absent, a
 * null list is empty. Unknown keys and values of another type than the shape says stay as they are.
 */
export function foldKeys(value: unknown, shape: Shape): unknown {
  switch (shape.kind) {
    case "any":
      return value;
    case "list":
      if (value === null) return [];
      return Array.isArray(value) ? value.map((item) => foldKeys(item, shape.of)) : value;
    case "map":
      if (!isObject(value)) return value;
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, foldKeys(item, shape.of)]));
    case "object":
      return isObject(value) ? foldObject(value, shape.keys) : value;
  }
}

/** `foldKeys` for a value already known to be an object. */
export function foldObject(object: JsonObject, keys: Readonly<Record<string, Shape>>): JsonObject {
  const folded = new Map<string, unknown>();
  const exact = new Set<string>();
  let spellings: ReadonlyMap<string, string> | undefined;
  for (const [key, value] of Object.entries(object)) {
    const isExact = Object.hasOwn(keys, key);
    spellings ??= isExact ? undefined : spellingsOf(keys);
    const known = isExact ? key : spellings?.get(foldCase(key));
    if (known === undefined) {
      folded.set(key, value);
      continue;
    }
    const shape = keys[known] ?? anyShape;
    if (exact.has(known) || (value === null && shape.kind !== "list")) continue;
    if (isExact) exact.add(known);
    folded.set(known, foldKeys(value, shape));
  }
  // Not by assignment: a key "__proto__" must stay a key.
  return Object.fromEntries(folded);
}

const spellingsOf = (keys: Readonly<Record<string, Shape>>): ReadonlyMap<string, string> =>
  new Map(Object.keys(keys).map((key) => [foldCase(key), key]));

/** Go's fold also takes the long s for s and the Kelvin sign for k; lower case already does the latter. */
const foldCase = (key: string): string => key.toLowerCase().replaceAll("\u017f", "s");
