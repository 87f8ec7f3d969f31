/** Reading unknown JSON values: each reader takes what is right and notes what is wrong, so all faults show at once. */
import { CniError, errorCode } from "./error.ts";
import { isSecretKey } from "./secret.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** One thing that is wrong with an input. */
export interface Issue {
  /** Where: `runtimeConfig.portMappings[0].hostPort`. */
  readonly path: string;
  readonly expected: string;
  readonly received: string;
}

/** Where readers put what they find. */
export interface IssueSink {
  push(issue: Issue): unknown;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Notes a fault. The value is shown shortened, or not at all where the path names a secret. */
export function report(issues: IssueSink, path: string, expected: string, value: unknown): undefined {
  issues.push({ path, expected, received: isSecretKey(path) ? "a hidden value" : describeValue(value) });
}

/** @returns the string; "" and null count as absent */
export function readString(value: unknown, path: string, issues: IssueSink): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  return typeof value === "string" ? value : report(issues, path, "a string", value);
}

export function readBoolean(value: unknown, path: string, issues: IssueSink): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "boolean" ? value : report(issues, path, "true or false", value);
}

/** @returns an integer within `min..max`, both included */
export function readInteger(
  value: unknown,
  path: string,
  issues: IssueSink,
  bounds: { readonly min: number; readonly max: number },
): number | undefined {
  if (value === undefined || value === null) return undefined;
  const { min, max } = bounds;
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  return report(issues, path, `an integer from ${min} to ${max}`, value);
}

export function readObject(value: unknown, path: string, issues: IssueSink): JsonObject | undefined {
  if (value === undefined || value === null) return undefined;
  return isObject(value) ? value : report(issues, path, "an object", value);
}

/** Reads each item by `readItem` and leaves out those it gives no value for; null is the empty list. */
export function readList<T>(
  value: unknown,
  path: string,
  issues: IssueSink,
  readItem: (item: unknown, path: string) => T | undefined,
): readonly T[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    report(issues, path, "a list", value);
    return [];
  }
  const items: T[] = [];
  for (const [i, item] of value.entries()) {
    const read = readItem(item, `${path}[${i}]`);
    if (read !== undefined) items.push(read);
  }
  return items;
}

/** Reads a list of strings, each of them not empty. */
export function readStrings(value: unknown, path: string, issues: IssueSink): readonly string[] {
  return readList(value, path, issues, (item, at) =>
    typeof item === "string" && item !== "" ? item : report(issues, at, "a string", item),
  );
}

/** The value in a few words, for a message. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string")
    return value.length > 60 ? `${JSON.stringify(value.slice(0, 60))}...` : JSON.stringify(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** One fault as a sentence. */
export function formatIssue(issue: Issue): string {
  return `${issue.path}: expected ${issue.expected}, received ${issue.received}`;
}

/** All faults as one error: the first ones in the message, every one in the details. */
export function issuesError(issues: readonly Issue[], code: number = errorCode.invalidConfig): CniError {
  const shown = issues.slice(0, 3).map(formatIssue).join("; ");
  const more = issues.length > 3 ? ` (and ${issues.length - 3} more)` : "";
  return new CniError(code, shown + more, {
    reason: code === errorCode.invalidConfig ? "config-invalid" : "input-invalid",
    ...(more === "" ? {} : { details: issues.slice(0, 50).map(formatIssue).join("\n") }),
  });
}

/** @throws {CniError} 7, or `code`, naming every issue */
export function throwIssues(issues: readonly Issue[], code: number = errorCode.invalidConfig): void {
  if (issues.length > 0) throw issuesError(issues, code);
}
