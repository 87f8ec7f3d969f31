/**
 * Temporary tables of our own that mark one packet as traced, and tell at each hook that it came and that it passed.
 *
 * They hold no rules but those that mark, so nothing else fares differently for them. On Linux 5.12 and later they
 * go with the socket that made them, whatever ends this process.
 */
import type { Netlink } from "../../netlink/connection.ts";
import type { Request } from "../../netlink/message.ts";
import { addChain } from "../../netlink/nft/chain.ts";
import { addRule } from "../../netlink/nft/rule.ts";
import { createTable, deleteTable } from "../../netlink/nft/table.ts";
import { isErrno } from "../../os/error.ts";
import { type Marked, markRules } from "./mark-rules.ts";

export const LIVE_TABLE = "vswitch_live";
const families = ["inet", "bridge"] as const;
export type LiveFamily = (typeof families)[number];

export const HOOKS = ["prerouting", "input", "forward", "output", "postrouting"] as const;
export type LiveHook = (typeof HOOKS)[number];
export type Edge = "first" | "last";

/** Before and behind everybody else; the last number of all belongs to connection tracking. */
const PRIORITIES: Readonly<Record<Edge, number>> = { first: -0x7fff_fffe, last: 0x7fff_fffe };

/** Which edge of which hook a chain of ours stands at. */
export function liveChain(chain: string): { readonly hook: LiveHook; readonly edge: Edge } | undefined {
  const [hook, edge] = chain.split("_");
  const found = HOOKS.find((one) => one === hook);
  return found && (edge === "first" || edge === "last") ? { hook: found, edge } : undefined;
}

/** Makes what the kernel can do of them, or none. @returns families that have no table. @throws {NetlinkError} */
export function makeLiveTables(rules: Netlink, marked: Marked): readonly LiveFamily[] {
  // First of all: where the tables are another process's, none of ours must be made.
  removeLiveTables(rules);
  try {
    return families.filter((family) => !makeTable(rules, family, marked));
  } catch (error) {
    removeLiveTables(rules);
    throw error;
  }
}

function makeTable(rules: Netlink, family: LiveFamily, marked: Marked): boolean {
  for (const owned of [true, false]) {
    try {
      rules.transaction(tableRequests(family, marked, owned));
      return true;
    } catch (error) {
      // EOPNOTSUPP: the kernel has no owners of tables, or (for both) no such family.
      if (!isErrno(error, "EOPNOTSUPP", "EAFNOSUPPORT", "EINVAL")) throw error;
    }
  }
  return false;
}

/** Removes what is left of this process or another; none is fine. @throws {NetlinkError} EPERM while another runs */
export function removeLiveTables(rules: Netlink): void {
  for (const family of families) removeTable(rules, family);
}

function removeTable(rules: Netlink, family: LiveFamily): void {
  try {
    rules.transaction([deleteTable({ family, table: LIVE_TABLE })]);
  } catch (error) {
    if (!isErrno(error, "ENOENT", "EOPNOTSUPP", "EAFNOSUPPORT")) throw error;
  }
}

function tableRequests(family: LiveFamily, marked: Marked, owned: boolean): readonly Request[] {
  const name = { family, table: LIVE_TABLE } as const;
  const chains = HOOKS.flatMap((hook) =>
    (["first", "last"] as const).map((edge) =>
      addChain({
        ...name,
        chain: `${hook}_${edge}`,
        base: { type: "filter", hook, priority: PRIORITIES[edge], policy: "accept" },
      }),
    ),
  );
  const rules = markRules(family, marked);
  return [
    createTable({ ...name, comment: "vswitch trace --live", ...(owned && { owned }) }),
    ...chains,
    ...rules.map(({ hook, expressions }) =>
      addRule(
        { ...name, chain: `${hook}_first`, expressions },
        `id ${marked.identification} meta nftrace set 1`,
      ),
    ),
  ];
}
