/** One field of the packet within ranges of values, in conditions and in words. */
import { type Alternatives, fieldConditions } from "./field-conditions.ts";
import { type Match, unknownMatch } from "./match.ts";
import type { ByteRange, Known, KnownField } from "./value.ts";
import { formatRange } from "./words.ts";

/** @param words the ranges in nft's words, where it has others */
export function fieldMatch(
  field: KnownField,
  name: string,
  ranges: readonly ByteRange[],
  negated: boolean,
  known: Known,
  words = ranges.map((range) => formatRange(field, range, known.interfaces)).join(", "),
): Match {
  const text = `${name} ${negated ? "!= " : ""}${words}`;
  const alternatives = fieldConditions(field, ranges, negated, known);
  if (alternatives === undefined) return unknownMatch(text, impliedBy(field, name));
  return { text, alternatives, ...learned(alternatives), implies: impliedBy(field, name) };
}

/** What the condition says for sure, for the tests behind it. */
function learned(alternatives: Alternatives): Pick<Match, "learned"> {
  const [only, ...more] = alternatives;
  const [condition, ...others] = only ?? [];
  if (condition === undefined || condition.negated || more.length > 0 || others.length > 0) return {};
  if (condition.kind === "family") return { learned: { family: condition.family } };
  const [protocol, ...further] = condition.kind === "protocol" ? condition.protocols : [];
  return protocol === undefined || further.length > 0 ? {} : { learned: { protocol } };
}

/** What words about this field leave unsaid: "tcp dport" says the protocol. */
export function impliedBy(field: KnownField, name: string): NonNullable<Match["implies"]> {
  if (name.startsWith("ip ") || name.startsWith("ip6 ")) return ["family"];
  if (field === "icmpType") return ["family", "protocol"];
  return (field === "sport" || field === "dport" || field === "tcpFlags") && !name.startsWith("th ")
    ? ["protocol"]
    : [];
}
