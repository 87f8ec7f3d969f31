/** Elements of sets and maps as bytes (linux/netfilter/nf_tables.h, enum nft_set_elem_attributes). */
import {
  type Attr,
  be32,
  bytes,
  decodeAttrs,
  findAttr,
  getBe32,
  NLA_MAX_PAYLOAD,
  nested,
  text,
} from "../attr.ts";
import { concat, totalLength, writeU32 } from "../bytes.ts";
import { NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, type Reply, type Request } from "../message.ts";
import { type Data, dataAttr, decodeData, decodeValue } from "./data.ts";
import { decodeCounterOf } from "./expr/expression.ts";
import {
  decodeNft,
  NFT_MSG_DELSETELEM,
  NFT_MSG_GETSETELEM,
  NFT_MSG_NEWSETELEM,
  nftRequest,
} from "./message.ts";
import type { SetName } from "./set.ts";
import { commentUserdata, decodeComment, NFTNL_UDATA_SET_ELEM_COMMENT, userdata } from "./userdata.ts";

const NFTA_SET_ELEM_LIST_TABLE = 1;
const NFTA_SET_ELEM_LIST_SET = 2;
const NFTA_SET_ELEM_LIST_ELEMENTS = 3;
const NFTA_SET_ELEM_LIST_SET_ID = 4;
const NFTA_SET_ELEM_KEY = 1;
const NFTA_SET_ELEM_DATA = 2;
const NFTA_SET_ELEM_FLAGS = 3;
const NFTA_SET_ELEM_USERDATA = 6;
const NFTA_SET_ELEM_EXPR = 7;
const NFTA_SET_ELEM_KEY_END = 10;
const NFT_SET_ELEM_INTERVAL_END = 0x1;
const NFT_SET_ELEM_CATCHALL = 0x2;
const NFTNL_UDATA_SET_ELEM_FLAGS = 1;
const NFTNL_SET_ELEM_F_INTERVAL_OPEN = 0x1;

export interface Element {
  readonly key: Uint8Array;
  /** Last key of a range, included: in sets whose key has several fields. */
  readonly keyEnd?: Uint8Array;
  readonly data?: Data;
  /** First key behind a range: in sets whose key is one field, where a range is two elements. */
  readonly intervalEnd?: boolean;
  /** nft's note that this range goes to the last possible key and therefore has no end. */
  readonly openEnd?: boolean;
  /** Stands for every key that no other element has; its own is empty. Only read: our sets have none. */
  readonly catchAll?: true;
  readonly comment?: string;
  /** In sets that count: how many packets found it, and their bytes. Only read. */
  readonly counter?: { readonly packets: bigint; readonly bytes: bigint };
}

export type ElementVerb = "add" | "create" | "delete" | "get";

const VERBS = {
  add: { message: NFT_MSG_NEWSETELEM, flags: NLM_F_CREATE },
  create: { message: NFT_MSG_NEWSETELEM, flags: NLM_F_CREATE | NLM_F_EXCL },
  delete: { message: NFT_MSG_DELSETELEM, flags: 0 },
  get: { message: NFT_MSG_GETSETELEM, flags: 0 },
} as const;

/**
 * Requests for these elements: as few as the 64 KiB limit of an attribute allows.
 *
 * add: an equal element is left as it is; create: it is EEXIST; delete and get: ENOENT for one that is absent.
 * get answers one reply per element, and in sets of ranges finds the range that holds the key.
 *
 * @param groups elements that belong into one request (a range and its end)
 * @param describe a group in nft's words, for the title
 * @param setId of addSet, when the set is made in the same transaction
 */
export function elementRequests(
  verb: ElementVerb,
  set: SetName,
  groups: readonly (readonly Element[])[],
  describe: (group: number) => string,
  setId?: number,
): readonly Request[] {
  const { message, flags } = VERBS[verb];
  return splitGroups(groups, notesOf()).map(({ first, count, attrs }) => {
    const title = () => `${verb} element ${formatSetName(set)} ${formatGroups(first, count, describe)}`;
    const parts = [...elementHeader(verb, set), nested(NFTA_SET_ELEM_LIST_ELEMENTS, attrs)];
    if (setId !== undefined) parts.splice(2, 0, be32(NFTA_SET_ELEM_LIST_SET_ID, setId));
    return nftRequest(title, message, flags, set.family, parts);
  });
}

/** A dump of all elements, many in each reply. */
export function dumpElements(set: SetName): Request {
  return nftRequest(
    () => `list set ${formatSetName(set)}`,
    NFT_MSG_GETSETELEM,
    NLM_F_DUMP,
    set.family,
    elementHeader("get", set),
  );
}

/** All elements in a reply. @throws {RangeError} when it is truncated */
export function decodeElements(reply: Reply): readonly Element[] {
  const list = findAttr(decodeNft(reply).attrs, NFTA_SET_ELEM_LIST_ELEMENTS);
  return list ? decodeAttrs(list).map((entry) => decodeElement(decodeAttrs(entry.bytes))) : [];
}

function formatSetName({ family, table, set }: SetName): string {
  return `${family} ${table} ${set}`;
}

/** The order means nothing to the kernel; it is that of nft, so that messages can be compared byte by byte. */
function elementHeader(verb: ElementVerb, { table, set }: SetName): readonly Uint8Array[] {
  const parts = [text(NFTA_SET_ELEM_LIST_TABLE, table), text(NFTA_SET_ELEM_LIST_SET, set)];
  return verb === "get" ? parts.reverse() : parts;
}

/** A title names a few elements and counts the rest: with thousands it would cost more than the request. */
const TITLE_ELEMENTS = 4;

function formatGroups(first: number, count: number, describe: (group: number) => string): string {
  const shown = Array.from({ length: Math.min(count, TITLE_ELEMENTS) }, (_, i) => describe(first + i));
  if (count > shown.length) shown.push(`and ${count - shown.length} more`);
  return `{ ${shown.join(", ")} }`;
}

interface Split {
  readonly first: number;
  readonly count: number;
  readonly attrs: readonly Uint8Array[];
}

function splitGroups(groups: readonly (readonly Element[])[], notes: Notes): readonly Split[] {
  const splits: Split[] = [];
  let open = { first: 0, count: 0, attrs: [] as Uint8Array[], length: 0 };
  for (const [i, group] of groups.entries()) {
    let encoded = encodeGroup(group, open.attrs.length, notes);
    if (open.length + totalLength(encoded) > NLA_MAX_PAYLOAD) {
      splits.push(open);
      open = { first: i, count: 0, attrs: [], length: 0 };
      encoded = encodeGroup(group, 0, notes);
    }
    open.attrs.push(...encoded);
    open.length += totalLength(encoded);
    open.count++;
  }
  return open.count ? [...splits, open] : splits;
}

/** The type of a list entry means nothing to the kernel; as in libnftnl it is the entry's number. */
function encodeGroup(group: readonly Element[], before: number, notes: Notes): readonly Uint8Array[] {
  return group.map((element, i) => encodeElement(before + i + 1, element, notes));
}

function encodeElement(type: number, element: Element, notes: Notes): Uint8Array {
  const parts: Uint8Array[] = [];
  if (element.intervalEnd) parts.push(be32(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END));
  parts.push(dataAttr(NFTA_SET_ELEM_KEY, element.key));
  if (element.keyEnd) parts.push(dataAttr(NFTA_SET_ELEM_KEY_END, element.keyEnd));
  if (element.data) parts.push(dataAttr(NFTA_SET_ELEM_DATA, element.data));
  if (element.comment !== undefined || element.openEnd) parts.push(notes(element));
  return nested(type, parts);
}

/** The attribute of nft's own notes: thousands of elements that go together bear the same. */
type Notes = (element: Element) => Uint8Array;

function notesOf(): Notes {
  const known = new Map<string | undefined, Uint8Array>();
  return (element) => {
    const before = element.openEnd ? undefined : known.get(element.comment);
    if (before !== undefined) return before;
    const encoded = bytes(NFTA_SET_ELEM_USERDATA, concat(encodeNotes(element)));
    if (!element.openEnd) known.set(element.comment, encoded);
    return encoded;
  };
}

function encodeNotes({ comment, openEnd }: Element): readonly Uint8Array[] {
  const notes = comment === undefined ? [] : [commentUserdata(NFTNL_UDATA_SET_ELEM_COMMENT, comment)];
  if (openEnd) {
    const flags = new Uint8Array(4);
    writeU32(flags, 0, NFTNL_SET_ELEM_F_INTERVAL_OPEN);
    notes.push(userdata(NFTNL_UDATA_SET_ELEM_FLAGS, flags));
  }
  return notes;
}

function decodeElement(attrs: readonly Attr[]): Element {
  const keyEnd = findAttr(attrs, NFTA_SET_ELEM_KEY_END);
  const data = findAttr(attrs, NFTA_SET_ELEM_DATA);
  const flags = getBe32(attrs, NFTA_SET_ELEM_FLAGS) ?? 0;
  const counter = decodeCounterOf(findAttr(attrs, NFTA_SET_ELEM_EXPR));
  const comment = decodeComment(findAttr(attrs, NFTA_SET_ELEM_USERDATA), NFTNL_UDATA_SET_ELEM_COMMENT);
  const catchAll = (flags & NFT_SET_ELEM_CATCHALL) !== 0;
  return {
    key: catchAll ? new Uint8Array() : decodeValue(findAttr(attrs, NFTA_SET_ELEM_KEY)),
    ...(catchAll && { catchAll }),
    ...(keyEnd && { keyEnd: decodeValue(keyEnd) }),
    ...(data && { data: decodeData(data) }),
    ...(flags & NFT_SET_ELEM_INTERVAL_END && { intervalEnd: true }),
    ...(comment !== undefined && { comment }),
    ...(counter && { counter: { packets: counter.packets ?? 0n, bytes: counter.bytes ?? 0n } }),
  };
}
