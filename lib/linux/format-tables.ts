/** Our nftables tables as they are in the kernel, in nft's words: for people who are far from the host. */

import type { Netlink } from "../netlink/connection.ts";
import { NetlinkError } from "../netlink/error.ts";
import { decodeElements as decodeNftElements, dumpElements } from "../netlink/nft/element.ts";
import { decodeSet, dumpSets } from "../netlink/nft/set.ts";
import { decodeTypedElements, formatTypedElement } from "../netlink/nft/typed-element.ts";
import { isErrno } from "../os/error.ts";
import { type ReadChain, readAllTables } from "./foreign/read-foreign.ts";
import { decodeElements, dumpSet, formatElement } from "./layout/element-requests.ts";
import { isAclSet } from "./layout/port-acl.ts";
import { type LayoutSetName, layoutSetNames, stateSetNames } from "./layout/sets.ts";
import { LAYOUT_FAMILIES, LAYOUT_TABLE } from "./layout/table.ts";

/** @returns chains with their rules, then all elements; flows, which are many and tell who talks to whom, as a number */
export function formatTables(rules: Netlink): string {
  const names = new Set(LAYOUT_FAMILIES.map((family) => `${family} ${LAYOUT_TABLE.table}`));
  const chains = readAllTables(rules, new Map()).filter(({ chain }) => names.has(chain.table));
  if (chains.length === 0) return "no table of ours\n";
  const elements = layoutSetNames.flatMap((name) => formatSet(rules, name));
  return [...chains.flatMap(formatChain), ...elements, ...formatAcls(rules)].join("\n").concat("\n");
}

/** The sets of single ports. */
function formatAcls(rules: Netlink): readonly string[] {
  const sets = rules.request(dumpSets({ ...LAYOUT_TABLE, family: "bridge" })).map(decodeSet);
  return sets
    .filter(({ set }) => isAclSet(set))
    .flatMap((type) => {
      const held = rules.request(dumpElements(type)).flatMap(decodeNftElements);
      const words = decodeTypedElements(type, held).map((element) => formatTypedElement(type, element));
      return [`set ${type.set} "${type.comment ?? ""}"`, ...words.map((one) => `  ${one}`)];
    });
}

function formatChain({ chain: { table, chain, base, rules } }: ReadChain): readonly string[] {
  const hook =
    base && `  type ${base.type} hook ${base.hook} priority ${base.priority}; policy ${base.policy}`;
  return [
    `chain ${table} ${chain}`,
    ...(hook === undefined ? [] : [hook]),
    ...rules.map(({ text }) => `  ${text}`),
  ];
}

function formatSet(rules: Netlink, name: LayoutSetName): readonly string[] {
  const outcome = rules.requests([dumpSet(name)])[0];
  if (outcome instanceof NetlinkError) {
    if (isErrno(outcome, "ENOENT")) return [`set ${name} is missing`];
    throw outcome;
  }
  const elements = decodeElements(name, outcome ?? []);
  return stateSetNames.includes(name)
    ? [`${elements.length} elements in ${name}`]
    : elements.map(formatElement);
}
