/** What a register holds while a rule runs, as far as it is understood: a field of the packet, not its bytes. */

/** Fields about which lib/model/foreign.ts has conditions, and their bytes. */
export const FIELD_LENGTHS = {
  iifname: 16,
  oifname: 16,
  iif: 4,
  oif: 4,
  nfproto: 1,
  etherType: 2,
  etherSource: 6,
  etherDestination: 6,
  l4proto: 1,
  saddr: undefined,
  daddr: undefined,
  sport: 2,
  dport: 2,
  icmpType: 1,
  tcpFlags: 1,
  state: 4,
  status: 4,
} as const;

export type KnownField = keyof typeof FIELD_LENGTHS;

/** Bytes of a header: several fields at once, or a part of one. */
export interface HeaderBytes {
  readonly kind: "header";
  readonly base: "ll" | "network" | "transport";
  readonly offset: number;
}

export type Source =
  | { readonly kind: "field"; readonly field: KnownField; readonly text: string }
  | HeaderBytes
  /** In nft's words: "meta mark". Numbers of the host have its byte order, unless they were swapped. */
  | { readonly kind: "other"; readonly text: string; readonly swapped?: true };

export interface Value {
  readonly source: Source;
  /** Bytes. */
  readonly length: number;
  /** Bits that were kept. */
  readonly mask?: Uint8Array;
}

/** A range of register values; both ends are included. */
export interface ByteRange {
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

/** What is known of the packet at this place of the rule, by its table and by the conditions so far. */
export interface Known {
  readonly family?: 4 | 6;
  readonly protocol?: number;
  /** The family of the table is "bridge": the link layer header is there. */
  readonly bridge?: true;
  /** Names of interfaces by index. */
  readonly interfaces: ReadonlyMap<number, string>;
}

export const otherValue = (text: string, length = 4): Value => ({ source: { kind: "other", text }, length });
