/** Elements of the layout to requests and back. */

import { NetlinkError } from "../../netlink/error.ts";
import type { Reply, Request } from "../../netlink/message.ts";
import {
  decodeElements as decodeNftElements,
  dumpElements,
  type ElementVerb,
  elementRequests,
} from "../../netlink/nft/element.ts";
import type { SetName } from "../../netlink/nft/set.ts";
import {
  decodeTypedElements,
  encodeTypedElement,
  formatTypedElement,
} from "../../netlink/nft/typed-element.ts";
import { isErrno } from "../../os/error.ts";
import type { LayoutElement } from "./element.ts";
import { type LayoutSetName, layoutSet } from "./sets.ts";
import { LAYOUT_TABLE } from "./table.ts";

/**
 * Requests of one transaction that adds the elements, few however many there are.
 *
 * A key that is there already is EEXIST, even with the same data: it is somebody's.
 * @throws {RangeError} when an element does not fit its set
 */
export function encodeAdd(elements: readonly LayoutElement[]): readonly Request[] {
  return encode("create", elements);
}

/** The same, but an equal element that is there already will do. @throws {RangeError} as above */
export function encodeEnsure(elements: readonly LayoutElement[]): readonly Request[] {
  return encode("add", elements);
}

/** One that is absent is ENOENT for the whole transaction. Only the keys count. @throws {RangeError} as above */
export function encodeDelete(elements: readonly LayoutElement[]): readonly Request[] {
  return encode("delete", elements.map(keyOnly));
}

/**
 * Asks for the element with this key, to be answered to `findElement`; only the key counts.
 *
 * In sets of plain ranges the kernel finds the wrong end where two ranges touch (nft_set_rbtree.c, up to 6.18 at
 * least), so those, which hold one element per network, are listed whole.
 */
export function encodeGet(element: LayoutElement): Request {
  const { key, interval } = layoutSet(element.set);
  if (interval && key.length === 1) return dumpSet(element.set);
  const [request] = encode("get", [keyOnly(element)]);
  if (request === undefined) throw new RangeError("nothing to get");
  return request;
}

/**
 * The element of this very key that the kernel has: its data and comment may be other than those asked for.
 *
 * @param outcome of `encodeGet`. A set of ranges may have answered with a wider range that holds the key: not it.
 * @returns undefined when there is none, or no table at all
 * @throws {NetlinkError} the outcome itself, when it is another failure than ENOENT
 */
export function findElement(
  { set, key }: LayoutElement,
  outcome: readonly Reply[] | NetlinkError | undefined,
): LayoutElement | undefined {
  if (outcome instanceof NetlinkError) {
    if (isErrno(outcome, "ENOENT")) return undefined;
    throw outcome;
  }
  const found = decodeElements(set, outcome ?? []);
  return found.find((one) => one.key.length === key.length && one.key.every((value, i) => value === key[i]));
}

/** A dump of one set. */
export function dumpSet(name: LayoutSetName): Request {
  return dumpElements(setName(name));
}

/**
 * @param replies all replies to one dump or get: a range may be spread over two
 * @throws {RangeError} when they are truncated or not of this set
 */
export function decodeElements(set: LayoutSetName, replies: readonly Reply[]): readonly LayoutElement[] {
  const elements = replies.flatMap(decodeNftElements);
  return decodeTypedElements(layoutSet(set), elements).map((element) => ({ set, ...element }));
}

/** In nft's words: `add element inet vswitch published4_any { tcp . 8080 comment "web" : 172.30.0.2 . 80 }`. */
export function formatElement(element: LayoutElement): string {
  const { family, table } = setName(element.set);
  const body = formatTypedElement(layoutSet(element.set), element);
  return `add element ${family} ${table} ${element.set} { ${body} }`;
}

function encode(verb: ElementVerb, elements: readonly LayoutElement[]): readonly Request[] {
  const bySet = Map.groupBy(elements, ({ set }) => set);
  return [...bySet].flatMap(([name, members]) => {
    const type = layoutSet(name);
    const groups = members.map((element) => encodeTypedElement(type, element));
    return elementRequests(verb, setName(name), groups, (i) => describe(members[i]));
  });
}

function describe(element: LayoutElement | undefined): string {
  return element ? formatTypedElement(layoutSet(element.set), element) : "";
}

function keyOnly({ set, key }: LayoutElement): LayoutElement {
  return { set, key };
}

function setName(set: LayoutSetName): SetName {
  const { family = LAYOUT_TABLE.family } = layoutSet(set);
  return { family, table: LAYOUT_TABLE.table, set };
}
