/** Reading the gateway's JSON: zero values are left out, int64 are strings. */
import type { Int64 } from "../etcd.ts";

/** What answers is no etcd. */
export class GarbageError extends Error {
  constructor(what: string, value: unknown) {
    super(`${what} is ${excerpt(value)}`);
    this.name = "GarbageError";
  }
}

export type Json = Readonly<Record<string, unknown>>;

/** @throws {GarbageError} */
export function parseJson(text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new GarbageError("the answer", text);
  }
  return objectOf(value, "the answer");
}

/** @throws {GarbageError} */
export function objectOf(value: unknown, what: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new GarbageError(what, value);
  return value as Json;
}

/** @throws {GarbageError} */
export function listOf(value: unknown, what: string): readonly Json[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new GarbageError(what, value);
  return value.map((item) => objectOf(item, what));
}

/** Absent is 0. @throws {GarbageError} */
export function int64Of(value: unknown, what: string): Int64 {
  if (value === undefined) return "0";
  const text = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== "string" || !/^-?\d{1,19}$/.test(text)) throw new GarbageError(what, value);
  return text;
}

/** Ids of clusters and members, which have one bit more. @throws {GarbageError} */
export function uint64Of(value: unknown, what: string): string {
  if (typeof value !== "string" || !/^\d{1,20}$/.test(value)) throw new GarbageError(what, value);
  return value;
}

/** Of what is counted, which stays far below 2^53. @throws {GarbageError} */
export function countOf(value: unknown, what: string): number {
  const count = Number(int64Of(value, what));
  if (!Number.isSafeInteger(count)) throw new GarbageError(what, value);
  return count;
}

/** Absent is empty. @throws {GarbageError} */
export function stringOf(value: unknown, what: string): string {
  if (value === undefined) return "";
  if (typeof value !== "string") throw new GarbageError(what, value);
  return value;
}

/** Enough to hide secrets in before `oneLine` cuts it. */
export function excerpt(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  return text.slice(0, 4000);
}

/** What others wrote, for a message of ours: short, and of characters that do nothing to a terminal. */
export function oneLine(text: string): string {
  const line = text.replace(/[^\x20-\x7e]+/g, " ").trim();
  return line.length > 200 ? `${line.slice(0, 200)}...` : line;
}
