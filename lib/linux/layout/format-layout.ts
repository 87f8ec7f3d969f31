/** Our tables as an nft script: what `baseTable` creates, for people and for comparison with nft itself. */
import { formatBase } from "../../netlink/nft/chain.ts";
import { formatSetBody } from "../../netlink/nft/set.ts";
import type { LayoutChain, LayoutRule } from "./layout-chain.ts";
import { type LayoutTable, layoutTables } from "./layout-tables.ts";

/** Input for `nft -f`. */
export function formatLayout(): string {
  return layoutTables().map(formatTable).join("");
}

export function formatTable({ family, table, comment, sets, chains }: LayoutTable): string {
  return [
    `table ${family} ${table} {`,
    `  comment "${comment}"`,
    ...sets.map(([name, set]) => `  ${set.data ? "map" : "set"} ${name} { ${formatSetBody(set)} }`),
    ...chains.flatMap(formatChain),
    "}",
    "",
  ].join("\n");
}

function formatChain({ name, base, rules }: LayoutChain): readonly string[] {
  return [`  chain ${name} {`, ...(base ? [`    ${formatBase(base)}`] : []), ...rules.map(formatRule), "  }"];
}

/** What nft prints but does not read stands as a remark. */
function formatRule({ terms, comment }: LayoutRule): string {
  const note = comment === undefined ? "" : ` comment "${comment}"`;
  const remark = terms.some((term) => term.unscriptable) ? "# " : "";
  return `    ${remark}${terms.map(({ words }) => words).join(" ")}${note}`;
}
