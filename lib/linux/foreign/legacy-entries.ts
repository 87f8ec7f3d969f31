/** Rules of legacy iptables: struct ipt_entry and ip6t_entry, with their matches and target (linux/netfilter/x_tables.h). */
import { decodeText, readI32, readU8, readU16 } from "../../netlink/bytes.ts";
import type { Compat } from "../../netlink/nft/expr/compat.ts";
import { bytesNumber, maskedRange } from "./byte-range.ts";
import { fieldMatch } from "./field-match.ts";
import { type Match, unknownMatch } from "./match.ts";
import type { Known, KnownField } from "./value.ts";

/** Offsets in the entry, by family. */
const LAYOUT = {
  4: { address: 4, protocol: 80, flags: 82, inverted: 83, target: 88, next: 90, matches: 112 },
  6: { address: 16, protocol: 128, flags: 131, inverted: 132, target: 140, next: 142, matches: 168 },
} as const;
const IFNAMSIZ = 16;
const INV_VIA_IN = 0x01;
const INV_VIA_OUT = 0x02;
const INV_SRCIP = 0x08;
const INV_DSTIP = 0x10;
const INV_PROTO = 0x40;
const IPT_F_FRAG = 0x01;
const GOTO = { 4: 0x02, 6: 0x04 } as const;
/** struct xt_entry_match and xt_entry_target: size, name, revision. */
const EXTENSION_HEADER = 32;

export interface LegacyEntry {
  /** Bytes from the beginning of the table. */
  readonly offset: number;
  readonly next: number;
  /** Tests of addresses, interfaces and protocol. */
  readonly tests: readonly Match[];
  readonly extensions: readonly Compat[];
  readonly target: Compat;
  /** Of the target without a name: below zero a verdict, else where to go on. */
  readonly verdict: number;
  readonly isGoto: boolean;
}

/** @throws {RangeError} when a length points outside */
export function decodeEntries(family: 4 | 6, from: Uint8Array): readonly LegacyEntry[] {
  const entries: LegacyEntry[] = [];
  for (let offset = 0; offset < from.length; ) {
    const entry = decodeEntry(family, from.subarray(offset), offset);
    if (entry.next <= offset) throw new RangeError(`an entry of ${entry.next - offset} bytes`);
    entries.push(entry);
    offset = entry.next;
  }
  return entries;
}

function decodeEntry(family: 4 | 6, from: Uint8Array, offset: number): LegacyEntry {
  const at = LAYOUT[family];
  const end = readU16(from, at.target);
  const extensions: Compat[] = [];
  for (let place: number = at.matches; place < end; place += readU16(from, place)) {
    if (readU16(from, place) < EXTENSION_HEADER) throw new RangeError("a match without a header");
    extensions.push(extensionAt(from, place));
  }
  const target = extensionAt(from, end);
  return {
    offset,
    next: offset + readU16(from, at.next),
    tests: testsOf(family, from),
    extensions,
    target,
    verdict: target.name === "" ? readI32(target.info, 0) : 0,
    isGoto: (readU8(from, at.flags) & GOTO[family]) !== 0,
  };
}

function extensionAt(from: Uint8Array, place: number): Compat {
  const size = readU16(from, place);
  return {
    name: decodeText(from.subarray(place + 2, place + 31)),
    revision: readU8(from, place + 31),
    info: from.subarray(place + EXTENSION_HEADER, place + size),
  };
}

/** In the order in which iptables-nft writes them. */
function testsOf(family: 4 | 6, from: Uint8Array): readonly Match[] {
  const at = LAYOUT[family];
  const inverted = readU8(from, at.inverted);
  const names = at.address * 4;
  const known: Known = { family, interfaces: new Map() };
  const fragments = family === 4 && readU8(from, at.flags) & IPT_F_FRAG;
  return [
    ...interfaceTest("iifname", from, names, (inverted & INV_VIA_IN) !== 0, known),
    ...interfaceTest("oifname", from, names + IFNAMSIZ, (inverted & INV_VIA_OUT) !== 0, known),
    ...protocolTest(readU16(from, at.protocol), (inverted & INV_PROTO) !== 0, known),
    ...addressTest("saddr", from, 0, (inverted & INV_SRCIP) !== 0, known),
    ...addressTest("daddr", from, at.address, (inverted & INV_DSTIP) !== 0, known),
    ...(fragments ? [unknownMatch("ip frag-off & 0x1fff != 0")] : []),
  ];
}

/** The mask covers what is compared: without the NUL it is a beginning. Masks stand behind both names. */
function interfaceTest(
  field: "iifname" | "oifname",
  from: Uint8Array,
  place: number,
  negated: boolean,
  known: Known,
): readonly Match[] {
  const name = from.subarray(place, place + IFNAMSIZ);
  const mask = from.subarray(place + 2 * IFNAMSIZ, place + 3 * IFNAMSIZ);
  const compared = mask.findLastIndex((byte) => byte !== 0) + 1;
  if (compared === 0) return [];
  const first = new Uint8Array(IFNAMSIZ);
  first.set(name.subarray(0, compared));
  const last = first.slice();
  if (name[compared - 1] !== 0) last.fill(0xff, compared);
  return [fieldMatch(field, field, [{ first, last }], negated, known)];
}

function protocolTest(protocol: number, negated: boolean, known: Known): readonly Match[] {
  if (protocol === 0) return [];
  const value = Uint8Array.of(protocol);
  return [fieldMatch("l4proto", "meta l4proto", [{ first: value, last: value }], negated, known)];
}

/** Both addresses, then both masks. */
function addressTest(
  field: Extract<KnownField, "saddr" | "daddr">,
  from: Uint8Array,
  place: number,
  negated: boolean,
  known: Known,
): readonly Match[] {
  const { address: size } = LAYOUT[known.family ?? 4];
  const value = from.subarray(place, place + size);
  const mask = from.subarray(place + 2 * size, place + 3 * size);
  if (bytesNumber(mask) === 0n) return [];
  const text = `${known.family === 6 ? "ip6" : "ip"} ${field}`;
  const range = maskedRange(value, mask);
  return [range ? fieldMatch(field, text, [range], negated, known) : unknownMatch(`${text} with a mask`)];
}
