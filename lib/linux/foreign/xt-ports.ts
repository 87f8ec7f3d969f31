/** Ports as iptables writes them: "-m tcp --dport", "-m multiport --dports" (linux/netfilter/xt_tcpudp.h, xt_multiport.h). */
import type { ForeignCondition } from "../../model/foreign.ts";
import { readU8, readU16 } from "../../netlink/bytes.ts";
import { type Alternatives, anyOf } from "./field-conditions.ts";
import { type Match, unknownMatch } from "./match.ts";

type PortRange = { readonly first: number; readonly last: number };

const INV_SRCPT = 0x01;
const INV_DSTPT = 0x02;
const INV_FLAGS = 0x04;
const TCP_SYN = 0x02;
const TCP_FIN_SYN_RST_ACK = 0x17;
const TCP_SYN_ACK = 0x12;

/** struct xt_tcp and xt_udp: ranges of ports in the host's order, then (tcp) option and flags. */
export function matchPorts(protocol: "tcp" | "udp", info: Uint8Array): Match {
  const inverted = readU8(info, protocol === "tcp" ? 11 : 8);
  const conditions: ForeignCondition[] = [];
  const words: string[] = [];
  const sides = [
    { kind: "sourcePort", name: "sport", at: 0, invert: INV_SRCPT },
    { kind: "destinationPort", name: "dport", at: 4, invert: INV_DSTPT },
  ] as const;
  for (const { kind, name, at, invert } of sides) {
    const range = { first: readU16(info, at), last: readU16(info, at + 2) };
    if (range.first === 0 && range.last === 0xffff) continue;
    const negated = (inverted & invert) !== 0;
    conditions.push({ kind, ranges: [range], ...(negated && { negated }) });
    words.push(`${protocol} ${name} ${negated ? "!= " : ""}${formatPorts(range)}`);
  }
  if (protocol === "tcp") addFlags(info, conditions, words);
  return { text: words.join(" "), alternatives: [conditions], implies: ["protocol"] };
}

function addFlags(info: Uint8Array, conditions: ForeignCondition[], words: string[]): void {
  const [option, mask, value, inverted] = [
    readU8(info, 8),
    readU8(info, 9),
    readU8(info, 10),
    readU8(info, 11),
  ];
  if (option !== 0) {
    const text = `tcp option ${option}`;
    conditions.push({ kind: "unknown", text });
    words.push(text);
  }
  if (mask === 0) return;
  const negated = (inverted & INV_FLAGS) !== 0;
  const text = `tcp flags & 0x${mask.toString(16)} ${negated ? "!=" : "=="} 0x${value.toString(16)}`;
  const opens = value === TCP_SYN && (mask === TCP_FIN_SYN_RST_ACK || mask === TCP_SYN_ACK);
  if (opens) conditions.push({ kind: "opens", ...(negated && { negated }) });
  else conditions.push({ kind: "unknown", text });
  words.push(text);
}

const MOST_PORTS = 15;
const KINDS = ["sourcePort", "destinationPort"] as const;
const EITHER = 2;

/** struct xt_multiport_v1: which side, how many, 15 ports, 15 flags for "and the next is the end", inverted. */
export function matchMultiport(info: Uint8Array): Match {
  const [side, count, inverted] = [readU8(info, 0), readU8(info, 1), readU8(info, 47) !== 0];
  if (side > EITHER || count > MOST_PORTS) return unknownMatch("xt match multiport");
  const ranges = portRanges(info, count);
  const kinds = side === EITHER ? KINDS : KINDS.slice(side, side + 1);
  const alternatives: Alternatives = anyOf(
    kinds.map((kind) => ({ kind, ranges })),
    inverted,
  );
  const name = side === EITHER ? "port" : side === 0 ? "sport" : "dport";
  return {
    text: `th ${name} ${inverted ? "!= " : ""}{ ${ranges.map(formatPorts).join(", ")} }`,
    alternatives,
  };
}

function portRanges(info: Uint8Array, count: number): readonly PortRange[] {
  const port = (index: number) => readU16(info, 2 + index * 2);
  const ranges: PortRange[] = [];
  for (let i = 0; i < count; i++) {
    const first = port(i);
    if (readU8(info, 32 + i) !== 0) i++;
    ranges.push({ first, last: port(i) });
  }
  return ranges;
}

const formatPorts = ({ first, last }: PortRange): string =>
  first === last ? String(first) : `${first}-${last}`;
