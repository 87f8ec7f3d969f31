/** Bodies of requests (rpc.proto of etcd, as its gateway maps them to JSON). */
import type { Compare, KeyRange, Operation, RangeOptions } from "../etcd.ts";
import { afterPrefix, encodeBytes, keyBytes, textBytes } from "./text.ts";

export type Body = Readonly<Record<string, unknown>>;

/** A typo in a name here goes unnoticed by the server, and `range_end` without effect reads one key. */
export function encodeRange(range: KeyRange): Body {
  if ("key" in range) return { key: encodeBytes(keyBytes(range.key)) };
  const prefix = keyBytes(range.prefix);
  return { key: encodeBytes(prefix), range_end: encodeBytes(afterPrefix(prefix)) };
}

export function encodeRangeOptions({ limit, revision, keysOnly, serializable }: RangeOptions): Body {
  return {
    ...(limit !== undefined && { limit: String(limit) }),
    ...(revision !== undefined && { revision }),
    ...(keysOnly && { keys_only: true }),
    ...(serializable && { serializable: true }),
  };
}

export function encodeTxn(
  compares: readonly Compare[],
  success: readonly Operation[],
  failure: readonly Operation[],
): Body {
  return {
    compare: compares.map(encodeCompare),
    success: success.map(encodeOperation),
    failure: failure.map(encodeOperation),
  };
}

const results = { "=": "EQUAL", "!=": "NOT_EQUAL", "<": "LESS", ">": "GREATER" } as const;

function encodeCompare(compare: Compare): Body {
  const { key, result = "=" } = compare;
  const about = { key: encodeBytes(keyBytes(key)), result: results[result] };
  switch (compare.target) {
    case "create":
      return { ...about, target: "CREATE", create_revision: compare.number };
    case "mod":
      return { ...about, target: "MOD", mod_revision: compare.number };
    case "version":
      return { ...about, target: "VERSION", version: compare.number };
    case "value":
      return { ...about, target: "VALUE", value: encodeBytes(textBytes(compare.value)) };
  }
}

function encodeOperation(operation: Operation): Body {
  switch (operation.kind) {
    case "put": {
      const { key, value, lease } = operation;
      const put = { key: encodeBytes(keyBytes(key)), value: encodeBytes(textBytes(value)) };
      return { request_put: { ...put, ...(lease !== undefined && { lease }) } };
    }
    case "delete":
      return { request_delete_range: encodeRange(operation) };
    case "range":
      return { request_range: { ...encodeRange(operation), ...encodeRangeOptions(operation) } };
  }
}
