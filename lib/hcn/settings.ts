/** Reading the settings of a policy: HCN writes lists as one text with commas, and numbers as numbers or text. */
import { type Prefix, parsePrefix } from "../addr/prefix.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { flatShape, foldKeys } from "../cni/keys.ts";
import { type Issue, isObject, type JsonObject, readStrings, report } from "../cni/read.ts";
import type { PortRange } from "../policy/acl.ts";
import type { RawPolicy } from "./envelope.ts";

/**
 * The settings under their canonical spelling.
 *
 * @param names what the policy's reader understands; anything else with a value is refused, since a policy is never
 *   half applied. Names in `ignored` may be there: what they ask for is so in any case
 * @throws {CniError} 2
 */
export function settingsOf(
  { settings, path, type }: RawPolicy,
  names: readonly string[],
  ignored: readonly string[] = [],
): JsonObject {
  const folded = foldKeys(settings, flatShape(...names, ...ignored));
  const known = isObject(folded) ? folded : {};
  for (const [key, value] of Object.entries(known)) {
    const empty =
      value === null || value === "" || value === 0 || (Array.isArray(value) && value.length === 0);
    if (!names.includes(key) && !ignored.includes(key) && !empty)
      throw unsupported(
        `${path}.Settings.${key}`,
        JSON.stringify(value),
        `${type} takes ${names.join(", ")}`,
      );
  }
  return known;
}

export function unsupported(key: string, value: string, details: string): CniError {
  return new CniError(errorCode.unsupportedField, `${key}: ${value} is not supported`, {
    reason: "policy-unsupported",
    details: `${details}; a policy is never ignored: remove it, or what it cannot have`,
  });
}

/** The items of "a,b,c"; a number or a list of JSON will do as well. */
export function commaList(value: unknown, path: string, issues: Issue[]): readonly string[] {
  if (value === undefined || value === null) return [];
  if (typeof value === "number") return [`${value}`];
  const items =
    typeof value === "string" ? value.split(",") : Array.isArray(value) ? value.map(String) : undefined;
  if (items === undefined) {
    report(issues, path, 'a list such as "a,b"', value);
    return [];
  }
  return items.map((item) => item.trim()).filter((item) => item !== "");
}

/** An address alone is its own prefix. */
export function parseDestination(text: string): Prefix | undefined {
  return parsePrefix(text) ?? parsePrefix(`${text}/${text.includes(":") ? 128 : 32}`);
}

/** Prefixes of "10.0.0.0/8,192.0.2.1". */
export function commaPrefixes(value: unknown, path: string, issues: Issue[]): readonly Prefix[] {
  return commaList(value, path, issues).flatMap(
    (text) =>
      parseDestination(text) ?? report(issues, path, "addresses or prefixes such as 10.0.0.0/8", text) ?? [],
  );
}

/** Ranges of "80,443,8000-8010"; 0 and 0-65535 stand for any port, as in HCN. */
export function commaPorts(value: unknown, path: string, issues: Issue[]): readonly PortRange[] {
  const ranges = commaList(value, path, issues).flatMap((text): PortRange[] => {
    const found = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
    const first = Number(found?.[1]);
    const last = Number(found?.[2] ?? found?.[1]);
    const fits = found !== null && first <= last && last <= 65535;
    return fits ? [{ first, last }] : (report(issues, path, "ports such as 80,8000-8010", text) ?? []);
  });
  const isAny = ({ first, last }: PortRange): boolean => first === 0 && (last === 0 || last === 65535);
  return ranges.some(isAny) ? [] : ranges;
}

/** A list of JSON with prefixes. */
export function listedPrefixes(value: unknown, path: string, issues: Issue[]): readonly Prefix[] {
  return readStrings(value, path, issues).flatMap(
    (text) => parseDestination(text) ?? report(issues, path, "prefixes such as 10.0.0.0/8", text) ?? [],
  );
}
