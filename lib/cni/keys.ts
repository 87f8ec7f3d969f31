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
      return Array.isArray(value) ? foldItems(value, shape.of) : value;
    case "map":
      if (!isObject(value)) return value;
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, foldKeys(item, shape.of)]));
    case "object":
      return isObject(value) ? foldObject(value, shape.keys) : value;
  }
}

function foldItems(items: readonly unknown[], shape: Shape): readonly unknown[] {
  const folded: unknown[] = [];
  let isSame = true;
  for (const item of items) {
    const result = foldKeys(item, shape);
    isSame &&= result === item;
    folded.push(result);
  }
  return isSame ? items : folded;
}

interface Entry {
  readonly name: string;
  readonly value: unknown;
  readonly isExact: boolean;
}

/** `foldKeys` for a value already known to be an object. The object itself comes back when nothing had to change. */
export function foldObject(object: JsonObject, keys: Readonly<Record<string, Shape>>): JsonObject {
  const entries: Entry[] = [];
  let isSame = true;
  for (const key of Object.keys(object)) {
    const value = object[key];
    const name = spellingOf(key, keys);
    if (name === undefined) {
      entries.push({ name: key, value, isExact: true });
      continue;
    }
    const shape = keys[name] ?? anyShape;
    const isAbsent = value === null && shape.kind !== "list";
    const folded = isAbsent ? undefined : foldKeys(value, shape);
    isSame &&= name === key && folded === value;
    if (!isAbsent) entries.push({ name, value: folded, isExact: name === key });
  }
  return isSame ? object : fromEntries(entries);
}

/** An exact key is kept whatever comes after it. Not by assignment: a key "__proto__" must stay a key. */
function fromEntries(entries: readonly Entry[]): JsonObject {
  const chosen = new Map<string, Entry>();
  for (const entry of entries) {
    if (entry.isExact || !chosen.get(entry.name)?.isExact) chosen.set(entry.name, entry);
  }
  return Object.fromEntries(Array.from(chosen, ([name, { value }]) => [name, value]));
}

function spellingOf(key: string, keys: Readonly<Record<string, Shape>>): string | undefined {
  if (Object.hasOwn(keys, key)) return key;
  for (const name of Object.keys(keys)) {
    if (name.length === key.length && foldCase(name) === foldCase(key)) return name;
  }
  return undefined;
}

/** Go's fold also takes the long s for s and the Kelvin sign for k; lower case already does the latter. */
const foldCase = (key: string): string => key.toLowerCase().replaceAll("\u017f", "s");

/** The value of one key, which may be in any case. @param name in lower case */
export function folded(object: Readonly<Record<string, unknown>> | undefined, name: string): unknown {
  const key = Object.keys(object ?? {}).find((each) => each.toLowerCase() === name);
  return key === undefined ? undefined : object?.[key];
}
