/** Our nftables tables as they are in the kernel, in nft's words: for people who are far from the host. */

import type { Netlink } from "../netlink/connection.ts";
import { NetlinkError } from "../netlink/error.ts";
import { isErrno } from "../os/error.ts";
import { type ReadChain, readAllTables } from "./foreign/read-foreign.ts";
import { decodeElements, dumpSet, formatElement } from "./layout/element-requests.ts";
import { type LayoutSetName, layoutSetNames, stateSetNames } from "./layout/sets.ts";
import { LAYOUT_FAMILIES, LAYOUT_TABLE } from "./layout/table.ts";

/** @returns chains with their rules, then all elements; flows, which are many and tell who talks to whom, as a number */
export function formatTables(rules: Netlink): string {
  const names = new Set(LAYOUT_FAMILIES.map((family) => `${family} ${LAYOUT_TABLE.table}`));
  const chains = readAllTables(rules, new Map()).filter(({ chain }) => names.has(chain.table));
  if (chains.length === 0) return "no table of ours\n";
  const elements = layoutSetNames.flatMap((name) => formatSet(rules, name));
  return [...chains.flatMap(formatChain), ...elements].join("\n").concat("\n");
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
