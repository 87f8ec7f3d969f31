/** counter: counts packets and bytes that come to this place (nf_tables.h, enum nft_counter_attributes). */
import { type Attr, be64, getBe64 } from "../../attr.ts";

const NFTA_COUNTER_BYTES = 1;
const NFTA_COUNTER_PACKETS = 2;

export interface Counter {
  readonly kind: "counter";
  /** Absent: begin at 0. */
  readonly packets?: bigint;
  readonly bytes?: bigint;
}

export function encodeCounter({ packets, bytes }: Counter): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  if (bytes !== undefined) parts.push(be64(NFTA_COUNTER_BYTES, bytes));
  if (packets !== undefined) parts.push(be64(NFTA_COUNTER_PACKETS, packets));
  return parts;
}

export function decodeCounter(attrs: readonly Attr[]): Counter {
  const packets = getBe64(attrs, NFTA_COUNTER_PACKETS);
  const bytes = getBe64(attrs, NFTA_COUNTER_BYTES);
  return {
    kind: "counter",
    ...(packets !== undefined && { packets }),
    ...(bytes !== undefined && { bytes }),
  };
}
