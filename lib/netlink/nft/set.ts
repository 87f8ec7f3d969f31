/** Sets and maps (linux/netfilter/nf_tables.h, enum nft_set_attributes). */
import { be32, be64, bytes, findAttr, getBe32, getBe64, getNested, getText, nested, text } from "../attr.ts";
import { align4, concat, writeU32 } from "../bytes.ts";
import { NLM_F_CREATE, NLM_F_DUMP, type Reply, type Request } from "../message.ts";
import { DATATYPES, type DatatypeName, datatypeId, datatypeNames } from "./datatype.ts";
import { decodeCounterOf, expressionAttr } from "./expr/expression.ts";
import {
  decodeNft,
  NFT_MSG_DELSET,
  NFT_MSG_GETSET,
  NFT_MSG_NEWSET,
  nftRequest,
  type TableName,
} from "./message.ts";
import { commentUserdata, decodeComment, NFTNL_UDATA_SET_COMMENT, userdata } from "./userdata.ts";

const NFTA_SET_TABLE = 1;
const NFTA_SET_NAME = 2;
const NFTA_SET_FLAGS = 3;
const NFTA_SET_KEY_TYPE = 4;
const NFTA_SET_KEY_LEN = 5;
const NFTA_SET_DATA_TYPE = 6;
const NFTA_SET_DATA_LEN = 7;
const NFTA_SET_DESC = 9;
const NFTA_SET_ID = 10;
const NFTA_SET_TIMEOUT = 11;
const NFTA_SET_USERDATA = 13;
const NFTA_SET_EXPR = 17;
const NFTA_SET_DESC_SIZE = 1;
const NFTA_SET_DESC_CONCAT = 2;
const NFTA_SET_FIELD_LEN = 1;
const NFTA_LIST_ELEM = 1;

const NFT_SET_INTERVAL = 0x4;
const NFT_SET_MAP = 0x8;
const NFT_SET_TIMEOUT = 0x10;
const NFT_SET_EVAL = 0x20;
const NFT_SET_CONCAT = 0x80;
const NFT_DATA_VERDICT = 0xffffff00;

/** What the elements of a set look like. */
export interface SetType {
  readonly key: readonly DatatypeName[];
  /** Absent: a set. Present: a map. */
  readonly data?: readonly DatatypeName[] | "verdict";
  /** Keys are ranges. */
  readonly interval?: boolean;
}

export interface SetName extends TableName {
  readonly set: string;
}

export interface NftSet extends SetName, SetType {
  /** Most elements it may hold; absent: no limit. */
  readonly size?: number;
  /** Rules add elements (nft's flag "dynamic"). */
  readonly dynamic?: boolean;
  /** Elements go by themselves, after this time unless they say another one. Milliseconds. */
  readonly timeoutMs?: number;
  /** Each element counts the packets whose look-up found it. */
  readonly counter?: boolean;
  readonly comment?: string;
}

/** @param id names the set to other requests of the same transaction; unique there. */
export function addSet(set: NftSet, id: number): Request {
  const parts = [
    text(NFTA_SET_TABLE, set.table),
    text(NFTA_SET_NAME, set.set),
    be32(NFTA_SET_FLAGS, setFlags(set)),
    be32(NFTA_SET_KEY_TYPE, datatypeId(set.key)),
    be32(NFTA_SET_KEY_LEN, fieldsLength(set.key)),
    ...encodeDataType(set.data),
    be32(NFTA_SET_ID, id),
    ...encodeDesc(set),
    ...(set.timeoutMs === undefined ? [] : [be64(NFTA_SET_TIMEOUT, BigInt(set.timeoutMs))]),
    bytes(NFTA_SET_USERDATA, encodeSetUserdata(set)),
    ...(set.counter ? [expressionAttr(NFTA_SET_EXPR, { kind: "counter" })] : []),
  ];
  const title = `add ${set.data ? "map" : "set"} ${set.family} ${set.table} ${set.set} { ${formatSetBody(set)} }`;
  return nftRequest(title, NFT_MSG_NEWSET, NLM_F_CREATE, set.family, parts);
}

/** In nft's words: "type ipv4_addr . inet_service : verdict; flags interval;". */
export function formatSetBody(set: Omit<NftSet, keyof SetName>): string {
  const { key, data, interval, size, dynamic, timeoutMs, counter, comment } = set;
  const target = data === undefined ? "" : ` : ${data === "verdict" ? data : data.join(" . ")}`;
  const timed = timeoutMs !== undefined;
  const flags = [interval && "interval", dynamic && "dynamic", timed && "timeout"].filter(Boolean);
  return [
    `type ${key.join(" . ")}${target};`,
    ...(size === undefined ? [] : [`size ${size};`]),
    ...(flags.length > 0 ? [`flags ${flags.join(",")};`] : []),
    ...(timed ? [`timeout ${formatTimeout(timeoutMs)};`] : []),
    ...(counter ? ["counter;"] : []),
    ...(comment === undefined ? [] : [`comment "${comment}";`]),
  ].join(" ");
}

/** As nft prints a time: 2h4m, 30s. */
export function formatTimeout(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ] as const;
  return parts.map(([count, unit]) => (count > 0 ? `${count}${unit}` : "")).join("");
}

export function deleteSet({ family, table, set }: SetName): Request {
  return nftRequest(`delete set ${family} ${table} ${set}`, NFT_MSG_DELSET, 0, family, named(table, set));
}

/** The set without its elements, one reply; ENOENT when there is none. */
export function getSet({ family, table, set }: SetName): Request {
  return nftRequest(`list set ${family} ${table} ${set}`, NFT_MSG_GETSET, 0, family, named(table, set));
}

/** A dump: all sets of a table without their elements. */
export function dumpSets({ family, table }: TableName): Request {
  return nftRequest(`list sets table ${family} ${table}`, NFT_MSG_GETSET, NLM_F_DUMP, family, [
    text(NFTA_SET_TABLE, table),
  ]);
}

/** @throws {RangeError} when the reply is truncated or holds a type that is not in our table of data types */
export function decodeSet(reply: Reply): NftSet {
  const { family, attrs } = decodeNft(reply);
  const flags = getBe32(attrs, NFTA_SET_FLAGS) ?? 0;
  const dataType = getBe32(attrs, NFTA_SET_DATA_TYPE) ?? 0;
  const size = getBe32(getNested(attrs, NFTA_SET_DESC) ?? [], NFTA_SET_DESC_SIZE);
  const comment = decodeComment(findAttr(attrs, NFTA_SET_USERDATA), NFTNL_UDATA_SET_COMMENT);
  const timeout = getBe64(attrs, NFTA_SET_TIMEOUT);
  return {
    family,
    table: getText(attrs, NFTA_SET_TABLE) ?? "",
    set: getText(attrs, NFTA_SET_NAME) ?? "",
    key: datatypeNames(getBe32(attrs, NFTA_SET_KEY_TYPE) ?? 0),
    ...(flags & NFT_SET_MAP && { data: dataType === NFT_DATA_VERDICT ? "verdict" : datatypeNames(dataType) }),
    ...(flags & NFT_SET_INTERVAL && { interval: true }),
    ...(flags & NFT_SET_EVAL && { dynamic: true }),
    ...(timeout !== undefined && { timeoutMs: Number(timeout) }),
    ...(decodeCounterOf(findAttr(attrs, NFTA_SET_EXPR)) && { counter: true }),
    ...(size !== undefined && { size }),
    ...(comment !== undefined && { comment }),
  };
}

function named(table: string, set: string): readonly Uint8Array[] {
  return [text(NFTA_SET_TABLE, table), text(NFTA_SET_NAME, set)];
}

/** The kernel wants to know the fields of a key only where each of them is a range of its own. */
function hasRangeFields({ key, interval }: SetType): boolean {
  return interval === true && key.length > 1;
}

function setFlags(type: NftSet): number {
  const flags = [
    type.interval && NFT_SET_INTERVAL,
    type.data && NFT_SET_MAP,
    type.timeoutMs !== undefined && NFT_SET_TIMEOUT,
    type.dynamic && NFT_SET_EVAL,
    hasRangeFields(type) && NFT_SET_CONCAT,
  ];
  return flags.reduce((all: number, flag) => all | (flag || 0), 0);
}

/** Bytes of a key or datum, each field filled up to 32 bits when there are several. */
function fieldsLength(fields: readonly DatatypeName[]): number {
  const [first, ...others] = fields.map((field) => DATATYPES[field].size);
  if (first === undefined) throw new RangeError("a set without a key");
  return others.reduce((sum: number, size) => sum + align4(size), others.length ? align4(first) : first);
}

function encodeDataType(data: NftSet["data"]): readonly Uint8Array[] {
  if (data === undefined) return [];
  const [type, length] = data === "verdict" ? [NFT_DATA_VERDICT, 0] : [datatypeId(data), fieldsLength(data)];
  return [be32(NFTA_SET_DATA_TYPE, type), be32(NFTA_SET_DATA_LEN, length)];
}

function encodeDesc(set: NftSet): readonly Uint8Array[] {
  const parts = set.size === undefined ? [] : [be32(NFTA_SET_DESC_SIZE, set.size)];
  if (hasRangeFields(set)) {
    const fields = set.key.map((field) =>
      nested(NFTA_LIST_ELEM, [be32(NFTA_SET_FIELD_LEN, DATATYPES[field].size)]),
    );
    parts.push(nested(NFTA_SET_DESC_CONCAT, fields));
  }
  return parts.length ? [nested(NFTA_SET_DESC, parts)] : [];
}

const NFTNL_UDATA_SET_KEYBYTEORDER = 0;
const NFTNL_UDATA_SET_DATABYTEORDER = 1;
const NFTNL_UDATA_SET_KEY_TYPEOF = 3;
const NFTNL_UDATA_SET_DATA_TYPEOF = 4;
const NFTNL_UDATA_SET_DATA_INTERVAL = 6;
/** enum byteorder of nftables, include/datatype.h. */
const BYTEORDER = { invalid: 0, host: 1, network: 2 } as const;
/** What nft 1.0.6 writes as expression of a concatenation: NFTNL_UDATA_SET_TYPEOF_EXPR 13 (concat), no data. */
const CONCAT_EXPRESSION = Uint8Array.of(0, 4, 13, 0, 0, 0, 1, 0);

/** All that `nft list` needs to print elements: without byte order it prints ports and addresses reversed. */
function encodeSetUserdata({ key, data, comment }: NftSet): Uint8Array {
  const parts = [userdataU32(NFTNL_UDATA_SET_KEYBYTEORDER, BYTEORDER[byteorderOf(key)])];
  if (data) parts.push(userdataU32(NFTNL_UDATA_SET_DATABYTEORDER, BYTEORDER[byteorderOf(data)]));
  if (key.length > 1) parts.push(userdata(NFTNL_UDATA_SET_KEY_TYPEOF, CONCAT_EXPRESSION));
  if (data && data !== "verdict" && data.length > 1) {
    parts.push(userdata(NFTNL_UDATA_SET_DATA_TYPEOF, CONCAT_EXPRESSION));
  }
  if (data) parts.push(userdataU32(NFTNL_UDATA_SET_DATA_INTERVAL, 0));
  if (comment !== undefined) parts.push(commentUserdata(NFTNL_UDATA_SET_COMMENT, comment));
  return concat(parts);
}

function byteorderOf(fields: readonly DatatypeName[] | "verdict"): keyof typeof BYTEORDER {
  const [first, second] = fields === "verdict" ? [] : fields;
  return first === undefined || second !== undefined ? "invalid" : DATATYPES[first].byteorder;
}

function userdataU32(type: number, value: number): Uint8Array {
  const encoded = new Uint8Array(4);
  writeU32(encoded, 0, value);
  return userdata(type, encoded);
}
