/** nf_tables messages: what all of them share (linux/netfilter/nf_tables.h). */
import { type Attr, decodeAttrs } from "../attr.ts";
import { concat, readU8 } from "../bytes.ts";
import type { Reply, Request } from "../message.ts";
import { NFNL_SUBSYS_NFTABLES, nfgenmsg, nfnlType } from "../nfnetlink.ts";

export const NFT_MSG_NEWTABLE = 0;
export const NFT_MSG_GETTABLE = 1;
export const NFT_MSG_DELTABLE = 2;
export const NFT_MSG_NEWCHAIN = 3;
export const NFT_MSG_GETCHAIN = 4;
export const NFT_MSG_DELCHAIN = 5;
export const NFT_MSG_NEWRULE = 6;
export const NFT_MSG_GETRULE = 7;
export const NFT_MSG_DELRULE = 8;
export const NFT_MSG_NEWSET = 9;
export const NFT_MSG_GETSET = 10;
export const NFT_MSG_DELSET = 11;
export const NFT_MSG_NEWSETELEM = 12;
export const NFT_MSG_GETSETELEM = 13;
export const NFT_MSG_DELSETELEM = 14;
export const NFT_MSG_GETGEN = 16;

/** linux/netfilter.h, with the names that nft gives them. */
export const NFPROTO = { inet: 1, ip: 2, arp: 3, netdev: 5, bridge: 7, ip6: 10 } as const;
export type NftFamily = keyof typeof NFPROTO;

/** Names one table: in nft's words "inet vswitch". */
export interface TableName {
  readonly family: NftFamily;
  readonly table: string;
}

/** @param title a function where it takes work. @param parts encoded attributes */
export function nftRequest(
  title: string | (() => string),
  message: number,
  flags: number,
  family: NftFamily,
  parts: readonly Uint8Array[],
): Request {
  const payload = concat([nfgenmsg(NFPROTO[family]), ...parts]);
  return {
    get title() {
      return typeof title === "string" ? title : title();
    },
    type: nfnlType(NFNL_SUBSYS_NFTABLES, message),
    flags,
    payload,
  };
}

/** Attributes of a reply and the family it is about. @throws {RangeError} when it is truncated */
export function decodeNft(reply: Reply): { readonly family: NftFamily; readonly attrs: readonly Attr[] } {
  return { family: familyName(readU8(reply.payload, 0)), attrs: decodeAttrs(reply.payload, 4) };
}

function familyName(number: number): NftFamily {
  for (const [name, value] of Object.entries(NFPROTO)) if (value === number) return name as NftFamily;
  throw new RangeError(`nf_tables family ${number}`);
}
