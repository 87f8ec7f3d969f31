/** The ACLs of a port to requests and back. */
import { NetlinkError } from "../../netlink/error.ts";
import type { Reply, Request } from "../../netlink/message.ts";
import { addChain, decodeChainUse, deleteChain, getChain } from "../../netlink/nft/chain.ts";
import {
  decodeElements as decodeNftElements,
  dumpElements,
  elementRequests,
} from "../../netlink/nft/element.ts";
import { flushChain } from "../../netlink/nft/rule.ts";
import { addSet, decodeSet, deleteSet, getSet } from "../../netlink/nft/set.ts";
import {
  decodeTypedElements,
  encodeTypedElement,
  formatTypedElement,
} from "../../netlink/nft/typed-element.ts";
import { isErrno } from "../../os/error.ts";
import { encodeDelete, encodeEnsure, encodeGet, findElement } from "./element-requests.ts";
import { encodeRule } from "./encode-table.ts";
import { type LayoutRule, rule } from "./layout-chain.ts";
import {
  type AclPlace,
  type AclVerb,
  aclChain,
  aclFieldNames,
  aclJump,
  aclPlaces,
  aclSet,
  aclSetType,
  type PortAcl,
} from "./port-acl.ts";
import { lookUp, verdict } from "./term.ts";

type Outcome = readonly Reply[] | NetlinkError | undefined;

const verbs: readonly AclVerb[] = ["allowed", "blocked"];

/** What there is of one place. Only together they do something. */
export interface AclParts {
  readonly place: AclPlace;
  readonly sets: readonly AclVerb[];
  /** How many rules the chain has, and the jump to it; undefined where there is none. */
  readonly chain: number | undefined;
  readonly jump: boolean;
}

/** A port's planned ACLs beside what there is of any. */
export interface AclState {
  /** Planned ones that are not there, or not as they should be. */
  readonly missing: readonly PortAcl[];
  readonly there: readonly AclParts[];
}

/** Rules of a chain, and the jump to it. */
const wholeUse = 3;

/**
 * For one transaction, once, in which what is there is replaced: a packet meets the one or the other.
 *
 * @param there what `foundParts` tells of their ports. Two processes that add the same meet in EEXIST.
 */
export function encodePortAcls(acls: readonly PortAcl[], there: readonly AclParts[]): readonly Request[] {
  return acls.flatMap((acl, i) => {
    const { chain, ...table } = aclChain(acl);
    const old = there.find((parts) => samePlace(parts.place, acl))?.sets ?? [];
    return [
      addChain({ ...table, chain }),
      flushChain(table.family, table.table, chain),
      ...old.map((verb) => deleteSet(aclSet(acl, verb))),
      ...encodeSet(acl, i + 1),
      ...rulesOf(acl).map((one) => encodeRule(table, chain, one)),
      ...encodeEnsure([aclJump(acl, acl.comment)]),
    ];
  });
}

/** @param id of the set in its transaction */
function encodeSet(acl: PortAcl, id: number): readonly Request[] {
  const { verb, fields, boxes, comment } = acl;
  const name = aclSet(acl, verb);
  const type = aclSetType(acl, fields);
  const elements = boxes.map((key) => encodeTypedElement(type, { key }));
  const words = (at: number): string => formatTypedElement(type, { key: boxes[at] ?? [] });
  return [addSet({ ...type, ...name, comment }, id), ...elementRequests("create", name, elements, words, id)];
}

function rulesOf(acl: PortAcl): readonly LayoutRule[] {
  const { verb, fields, side, family } = acl;
  const then = verb === "allowed" ? `allow_${side}${family}` : `block_${side}`;
  const named = lookUp(aclFieldNames(acl, fields), aclSet(acl, verb).set);
  return [
    rule(named, verdict({ kind: "goto", chain: then })),
    rule(verdict({ kind: "goto", chain: `unnamed_${side}${family}` })),
  ];
}

/** What there is once they are added. */
export function wholeParts(acls: readonly PortAcl[]): readonly AclParts[] {
  return acls.map(({ port, side, family, verb }) => ({
    place: { port, side, family },
    sets: [verb],
    chain: wholeUse,
    jump: true,
  }));
}

/** For one transaction. What is gone by then is ENOENT for all of it. */
export function deletePortAcls(there: readonly AclParts[]): readonly Request[] {
  return there.flatMap(({ place, sets, chain, jump }) => {
    const name = aclChain(place);
    return [
      ...(jump ? encodeDelete([aclJump(place)]) : []),
      ...(chain === undefined ? [] : [flushChain(name.family, name.table, name.chain), deleteChain(name)]),
      ...sets.map((verb) => deleteSet(aclSet(place, verb))),
    ];
  });
}

/** Asks for all that there may be of a port; answered to `foundParts`. */
export function getParts(port: string): readonly Request[] {
  return aclPlaces(port).flatMap((place) => [
    ...verbs.map((verb) => getSet(aclSet(place, verb))),
    getChain(aclChain(place)),
    encodeGet(aclJump(place)),
  ]);
}

/** @returns the places of which there is something. @throws {NetlinkError} an outcome other than ENOENT */
export function foundParts(port: string, outcomes: readonly Outcome[]): readonly AclParts[] {
  const each = verbs.length + 2;
  return aclPlaces(port).flatMap((place, i) => {
    const own = outcomes.slice(i * each, (i + 1) * each);
    const sets = verbs.filter((_, at) => present(own[at]) !== undefined);
    const chain = present(own[verbs.length]);
    const jump = findElement(aclJump(place), own[verbs.length + 1]) !== undefined;
    if (sets.length === 0 && chain === undefined && !jump) return [];
    return [{ place, sets, chain: chain && decodeChainUse(chain), jump }];
  });
}

/** Asks for what the set of each holds; answered to `missingAcls`. */
export function dumpAcls(acls: readonly PortAcl[]): readonly Request[] {
  return acls.flatMap((acl) => {
    const name = aclSet(acl, acl.verb);
    return [getSet(name), dumpElements(name)];
  });
}

/**
 * @param there of `foundParts`
 * @param outcomes of `dumpAcls` @returns those that are not there as they should be
 */
export function missingAcls(
  acls: readonly PortAcl[],
  there: readonly AclParts[],
  outcomes: readonly Outcome[],
): readonly PortAcl[] {
  return acls.filter((acl, i) => {
    const parts = there.find(({ place }) => samePlace(place, acl));
    const set = present(outcomes[2 * i]);
    const held = outcomes[2 * i + 1];
    if (!parts?.jump || (parts.chain ?? 0) < wholeUse || parts.sets.length !== 1) return true;
    if (set === undefined || held === undefined || held instanceof NetlinkError) return true;
    const type = aclSetType(acl, acl.fields);
    if (String(decodeSet(set).key) !== String(type.key)) return true;
    const found = new Set(
      decodeTypedElements(type, held.flatMap(decodeNftElements)).map(({ key }) => String(key)),
    );
    return found.size !== acl.boxes.length || acl.boxes.some((box) => !found.has(String(box)));
  });
}

/** In nft's words. */
export function formatPortAcl(acl: PortAcl): string {
  const { family, table, set } = aclSet(acl, acl.verb);
  const count = acl.boxes.length === 1 ? "1 element" : `${acl.boxes.length} elements`;
  return `set ${family} ${table} ${set} of ${count}, looked up by the chain ${aclChain(acl).chain}`;
}

export function formatParts({ place, sets }: AclParts): string {
  const { family, table, chain } = aclChain(place);
  return [`chain ${family} ${table} ${chain}`, ...sets.map((verb) => `set ${aclSet(place, verb).set}`)].join(
    ", ",
  );
}

const samePlace = (a: AclPlace, b: AclPlace): boolean =>
  a.port === b.port && a.side === b.side && a.family === b.family;

/** @returns undefined for what is not there */
function present(outcome: Outcome): Reply | undefined {
  if (outcome instanceof NetlinkError) {
    if (isErrno(outcome, "ENOENT")) return undefined;
    throw outcome;
  }
  return outcome?.[0];
}
