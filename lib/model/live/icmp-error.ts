/** Errors of ICMP in words (RFC 792, RFC 1812, RFC 4443). */
import type { LiveEvent } from "./event.ts";

const V4_UNREACHABLE = 3;
const UNREACHABLE: Readonly<Record<number, string>> = {
  0: "network unreachable",
  1: "host unreachable",
  2: "protocol unreachable",
  3: "port unreachable",
  4: "packet too big",
  9: "network prohibited",
  10: "host prohibited",
  13: "administratively prohibited",
};
const UNREACHABLE6: Readonly<Record<number, string>> = {
  0: "no route",
  1: "administratively prohibited",
  3: "address unreachable",
  4: "port unreachable",
};

/** "ICMP port unreachable". */
export function formatError({ from, type, code }: Extract<LiveEvent, { kind: "error" }>): string {
  const v6 = from.includes(":");
  const known = v6
    ? { 1: UNREACHABLE6[code], 2: "packet too big", 3: "hop limit exceeded" }[type]
    : type === V4_UNREACHABLE
      ? UNREACHABLE[code]
      : type === 11
        ? "time to live exceeded"
        : undefined;
  return `ICMP ${known ?? `type ${type} code ${code}`}`;
}
