/** Tables (linux/netfilter/nf_tables.h, enum nft_table_attributes). */
import { be32, bytes, findAttr, getBe32, getBe64, getText, text } from "../attr.ts";
import { NLM_F_EXCL, type Reply, type Request } from "../message.ts";
import {
  decodeNft,
  NFT_MSG_DELTABLE,
  NFT_MSG_GETTABLE,
  NFT_MSG_NEWTABLE,
  nftRequest,
  type TableName,
} from "./message.ts";
import { commentUserdata, decodeComment, NFTNL_UDATA_TABLE_COMMENT } from "./userdata.ts";

const NFTA_TABLE_NAME = 1;
const NFTA_TABLE_FLAGS = 2;
const NFTA_TABLE_USE = 3;
const NFTA_TABLE_HANDLE = 4;
const NFTA_TABLE_USERDATA = 6;
const NFT_TABLE_F_OWNER = 0x2;

export interface Table extends TableName {
  readonly comment?: string;
  /** Goes with the socket that makes it, and nobody else may change it (NFT_TABLE_F_OWNER, Linux 5.12). Only written. */
  readonly owned?: true;
}

export interface TableInfo extends Table {
  readonly handle: bigint;
  /** Chains, sets and other objects inside. */
  readonly use: number;
}

/** Succeeds when the table is there already; its comment is not changed then. */
export function addTable(table: Table): Request {
  return newTable("add", 0, table);
}

/** Fails with EEXIST when the table is there already, and with it everything else in the transaction. */
export function createTable(table: Table): Request {
  return newTable("create", NLM_F_EXCL, table);
}

function newTable(verb: string, flags: number, { family, table, comment, owned }: Table): Request {
  const parts = [text(NFTA_TABLE_NAME, table), be32(NFTA_TABLE_FLAGS, owned ? NFT_TABLE_F_OWNER : 0)];
  if (comment !== undefined) {
    parts.push(bytes(NFTA_TABLE_USERDATA, commentUserdata(NFTNL_UDATA_TABLE_COMMENT, comment)));
  }
  const block = comment === undefined ? "" : ` { comment "${comment}"; }`;
  return nftRequest(`${verb} table ${family} ${table}${block}`, NFT_MSG_NEWTABLE, flags, family, parts);
}

/** Deletes everything inside too; ENOENT when there is none. */
export function deleteTable({ family, table }: TableName): Request {
  return nftRequest(`delete table ${family} ${table}`, NFT_MSG_DELTABLE, 0, family, [
    text(NFTA_TABLE_NAME, table),
  ]);
}

/** One reply; ENOENT when there is none. */
export function getTable({ family, table }: TableName): Request {
  return nftRequest(`list table ${family} ${table}`, NFT_MSG_GETTABLE, 0, family, [
    text(NFTA_TABLE_NAME, table),
  ]);
}

/** @throws {RangeError} when the reply is truncated */
export function decodeTable(reply: Reply): TableInfo {
  const { family, attrs } = decodeNft(reply);
  const comment = decodeComment(findAttr(attrs, NFTA_TABLE_USERDATA), NFTNL_UDATA_TABLE_COMMENT);
  return {
    family,
    table: getText(attrs, NFTA_TABLE_NAME) ?? "",
    ...(comment !== undefined && { comment }),
    handle: getBe64(attrs, NFTA_TABLE_HANDLE) ?? 0n,
    use: getBe32(attrs, NFTA_TABLE_USE) ?? 0,
  };
}
