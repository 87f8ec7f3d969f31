/**
 * Lists of addresses and ports as HCN writes them: one text with commas, or a list of JSON.
 *
 * What comes back is brought to its shortest: nothing twice, and nothing that another item holds already. The kernel's
 * sets refuse what overlaps.
 */
import { parseIp } from "../addr/ip.ts";
import {
  contains,
  hostPrefix,
  networkOf,
  type Prefix,
  parsePrefix,
  prefixAddress,
  prefixLength,
} from "../addr/prefix.ts";
import { type Issue, readList, readStrings, report } from "../cni/read.ts";
import type { PortRange } from "../policy/acl.ts";

/** The items of "a,b,c"; a number or a list of JSON will do as well. Blanks do not count, nor does "". */
export function commaList(value: unknown, path: string, issues: Issue[]): readonly string[] {
  if (value === undefined || value === null || value === "") return [];
  if (typeof value === "number") return [`${value}`];
  if (typeof value !== "string" && !Array.isArray(value)) {
    report(issues, path, 'a list such as "a,b"', value);
    return [];
  }
  const items = Array.isArray(value)
    ? readList(value, path, issues, (item, at) =>
        typeof item === "string" || typeof item === "number"
          ? `${item}`
          : report(issues, at, "text or a number", item),
      )
    : value.split(",");
  const filled = items.map((item) => item.trim()).filter((item) => item !== "");
  // A list of commas alone would mean "any", which is the last thing that its writer wanted.
  if (filled.length === 0 && items.length > 0) report(issues, path, "items between the commas", value);
  return filled;
}

/** Prefixes of "10.0.0.0/8,192.0.2.1". */
export function commaPrefixes(value: unknown, path: string, issues: Issue[]): readonly Prefix[] {
  const prefixes = commaList(value, path, issues).flatMap(
    (text) =>
      parseDestination(text) ?? report(issues, path, "addresses or prefixes such as 10.0.0.0/8", text) ?? [],
  );
  return distinctPrefixes(prefixes);
}

/** A list of JSON with prefixes. */
export function listedPrefixes(value: unknown, path: string, issues: Issue[]): readonly Prefix[] {
  const prefixes = readStrings(value, path, issues).flatMap(
    (text) => parseDestination(text) ?? report(issues, path, "prefixes such as 10.0.0.0/8", text) ?? [],
  );
  return distinctPrefixes(prefixes);
}

/** An address alone is its own prefix. */
function parseDestination(text: string): Prefix | undefined {
  const address = parseIp(text);
  return address === undefined ? parsePrefix(text) : hostPrefix(address);
}

/** Networks without those inside another one. */
export function distinctPrefixes(prefixes: readonly Prefix[]): readonly Prefix[] {
  const distinct = [...new Set(prefixes.map(networkOf))];
  const holds = (outer: Prefix, inner: Prefix): boolean =>
    prefixLength(outer) < prefixLength(inner) && contains(outer, prefixAddress(inner));
  return distinct.filter((one) => !distinct.some((other) => holds(other, one)));
}

/** Ranges of "80,443,8000-8010" in order; 0 alone and 0-65535 stand for any port, as in HCN. */
export function commaPorts(value: unknown, path: string, issues: Issue[]): readonly PortRange[] {
  const items = commaList(value, path, issues);
  if (items.length === 1 && items[0] === "0") return [];
  const ranges = items.flatMap(
    (text): PortRange | readonly PortRange[] =>
      parseRange(text) ?? report(issues, path, "ports such as 80,8000-8010", text) ?? [],
  );
  const joined = joinRanges(ranges);
  return joined.some(({ first, last }) => first === 0 && last === 65535) ? [] : joined;
}

/** Port 0 is no port: it may begin a range, as in 0-65535. */
function parseRange(text: string): PortRange | undefined {
  const found = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(text);
  const first = Number(found?.[1]);
  const last = Number(found?.[2] ?? found?.[1]);
  return found !== null && first <= last && last >= 1 && last <= 65535 ? { first, last } : undefined;
}

/** Ranges that overlap or touch become one. */
function joinRanges(ranges: readonly PortRange[]): readonly PortRange[] {
  const joined: PortRange[] = [];
  for (const { first, last } of ranges.toSorted((a, b) => a.first - b.first)) {
    const before = joined.at(-1);
    if (before === undefined || first > before.last + 1) joined.push({ first, last });
    else joined[joined.length - 1] = { first: before.first, last: Math.max(before.last, last) };
  }
  return joined;
}
