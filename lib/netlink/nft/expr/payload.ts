/** payload: bytes of a packet's header (nf_tables.h, enum nft_payload_attributes). */
import { type Attr, be32, getBe32 } from "../../attr.ts";

const NFTA_PAYLOAD_DREG = 1;
const NFTA_PAYLOAD_BASE = 2;
const NFTA_PAYLOAD_OFFSET = 3;
const NFTA_PAYLOAD_LEN = 4;

/** enum nft_payload_bases: link layer, network and transport header. */
const NFT_PAYLOAD = { ll: 0, network: 1, transport: 2 } as const;

export interface Payload {
  readonly kind: "payload";
  readonly base: keyof typeof NFT_PAYLOAD;
  /** Bytes from the beginning of that header. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  readonly register: number;
}

export function encodePayload({ base, offset, length, register }: Payload): readonly Uint8Array[] {
  return [
    be32(NFTA_PAYLOAD_DREG, register),
    be32(NFTA_PAYLOAD_BASE, NFT_PAYLOAD[base]),
    be32(NFTA_PAYLOAD_OFFSET, offset),
    be32(NFTA_PAYLOAD_LEN, length),
  ];
}

/** @throws {RangeError} for a base that is not in the table above */
export function decodePayload(attrs: readonly Attr[]): Payload {
  return {
    kind: "payload",
    base: baseName(getBe32(attrs, NFTA_PAYLOAD_BASE)),
    offset: getBe32(attrs, NFTA_PAYLOAD_OFFSET) ?? 0,
    length: getBe32(attrs, NFTA_PAYLOAD_LEN) ?? 0,
    register: getBe32(attrs, NFTA_PAYLOAD_DREG) ?? 0,
  };
}

function baseName(number: number | undefined): Payload["base"] {
  for (const [name, value] of Object.entries(NFT_PAYLOAD)) {
    if (value === number) return name as Payload["base"];
  }
  throw new RangeError(`payload base ${number}`);
}
