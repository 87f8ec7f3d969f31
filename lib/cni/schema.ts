/** What a validator generated from a JSON schema found, as issues; and keys that look like a misspelt known one. */
import type { ErrorObject, ValidateFunction } from "ajv";
import { describeValue, type Issue, type JsonObject } from "./read.ts";

/** @returns every fault of `value`, each with its path below `base` */
export function schemaIssues(validate: ValidateFunction, value: unknown, base = ""): readonly Issue[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, params, keyword, message, data, parentSchema }) => {
    const missing = keyword === "required" ? `.${params.missingProperty}` : "";
    const path = `${base}${instancePath.replace(/\/(\d+)(?=\/|$)/g, "[$1]").replaceAll("/", ".")}${missing}`;
    return {
      path: path.replace(/^\./, ""),
      expected: missing
        ? "a value"
        : (rangeOf(keyword, parentSchema) ??
          (message ?? keyword)
            .replace(/^must (be |have |match )?/, "")
            .replace(/^NOT have (fewer|more) than/, atLeastOrMost)),
      received: missing ? "nothing" : describeValue(data),
    };
  });
}

/** What of an integer ajv says in parts: ">= 1", and of another fault "integer". */
function rangeOf(keyword: string, schema: ErrorObject["parentSchema"]): string | undefined {
  const { type, minimum, maximum } = schema ?? {};
  const isPart = keyword === "type" || keyword === "minimum" || keyword === "maximum";
  if (!isPart || type !== "integer" || minimum === undefined || maximum === undefined) return undefined;
  return `an integer from ${minimum} to ${maximum}`;
}

/** ajv says "NOT have fewer than 1 characters". */
const atLeastOrMost = (_: string, word: string): string => (word === "fewer" ? "at least" : "at most");

/**
 * Keys that nobody knows but that are one slip away from a known one: `subnett`, `portmapings`.
 *
 * Others are left alone: runtimes and tools add keys of their own to a configuration.
 */
export function misspeltKeys(
  object: JsonObject,
  known: readonly string[],
  base = "",
): readonly (Issue & { key: string })[] {
  return Object.keys(object).flatMap((key) => {
    if (known.includes(key) || key.includes("/") || key.length < 4) return [];
    const meant = known.find((name) => name.length >= 4 && isOneSlip(key.toLowerCase(), name.toLowerCase()));
    if (meant === undefined) return [];
    const path = base === "" ? key : `${base}.${key}`;
    return [{ key, path, expected: `the key ${meant}`, received: `${key}: ${describeValue(object[key])}` }];
  });
}

/** One letter more, less or other, or two swapped. */
function isOneSlip(a: string, b: string): boolean {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  const [restA, restB] = [a.slice(start), b.slice(start)];
  return (
    restA.slice(1) === restB ||
    restA === restB.slice(1) ||
    restA.slice(1) === restB.slice(1) ||
    (restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2))
  );
}
