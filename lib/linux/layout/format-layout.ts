/** The table as an nft script: what `baseTable` creates, for people and for comparison with nft itself. */
import { formatBase } from "../../netlink/nft/chain.ts";
import { formatSetBody } from "../../netlink/nft/set.ts";
import { type LayoutChain, type LayoutRule, layoutChains } from "./chains.ts";
import { layoutSet, layoutSetNames } from "./sets.ts";
import { LAYOUT_TABLE, layoutComment } from "./table.ts";

/** Input for `nft -f`. */
export function formatLayout(): string {
  const sets = layoutSetNames.map((name) => {
    const set = layoutSet(name);
    return `  ${set.data ? "map" : "set"} ${name} { ${formatSetBody(set)} }`;
  });
  return [
    `table ${LAYOUT_TABLE.family} ${LAYOUT_TABLE.table} {`,
    `  comment "${layoutComment()}"`,
    ...sets,
    ...layoutChains().flatMap(formatChain),
    "}",
    "",
  ].join("\n");
}

function formatChain({ name, base, rules }: LayoutChain): readonly string[] {
  return [`  chain ${name} {`, ...(base ? [`    ${formatBase(base)}`] : []), ...rules.map(formatRule), "  }"];
}

function formatRule({ terms, comment }: LayoutRule): string {
  const note = comment === undefined ? "" : ` comment "${comment}"`;
  return `    ${terms.map(({ words }) => words).join(" ")}${note}`;
}
