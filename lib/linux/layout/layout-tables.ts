/** The layout table by table: which sets and chains go into which. */
import type { TableName } from "../../netlink/nft/message.ts";
import { layoutChains } from "./chains.ts";
import type { LayoutChain } from "./layout-chain.ts";
import { type LayoutSet, layoutSet, layoutSetNames } from "./sets.ts";
import { LAYOUT_TABLE, layoutComment } from "./table.ts";

export interface LayoutTable extends TableName {
  readonly comment: string;
  /** By name, in the order in which they are created. */
  readonly sets: readonly (readonly [string, LayoutSet])[];
  readonly chains: readonly LayoutChain[];
}

/** One for each family that a set or chain names. */
export function layoutTables(): readonly LayoutTable[] {
  const sets = layoutSetNames.map((name) => [name, layoutSet(name)] as const);
  const chains = layoutChains();
  const families = [...sets.map(([, set]) => set), ...chains].map(
    ({ family }) => family ?? LAYOUT_TABLE.family,
  );
  return [...new Set(families)].map((family) => ({
    family,
    table: LAYOUT_TABLE.table,
    comment: layoutComment(),
    sets: sets.filter(([, set]) => (set.family ?? LAYOUT_TABLE.family) === family),
    chains: chains.filter((chain) => (chain.family ?? LAYOUT_TABLE.family) === family),
  }));
}
