/** Claims at the end of an act: what is left, and who runs. */
import { difference, type Inventory, type Section } from "../inventory.ts";
import { processesIn, programFolders, programs } from "../programs.ts";
import type { Report } from "../report.ts";
import type { Machine } from "../world.ts";

const groups: readonly (readonly Section[])[] = [
  ["links", "addresses", "routes"],
  ["nft tables", "leases, ports"],
  ["settings"],
];

/**
 * The host is as it was.
 * @param kept changes that stay on purpose, as `difference` writes them
 * @returns those
 */
export function claimNothingLeft(
  report: Report,
  [before, after]: readonly [Inventory, Inventory],
  kept: RegExp,
): readonly string[] {
  const all: string[] = [];
  for (const sections of groups) {
    const changes = sections.flatMap((section) => difference(before[section], after[section]));
    const stays = changes.filter((line) => kept.test(line));
    all.push(...stays);
    const counts = (inventory: Inventory) => sections.map((section) => inventory[section].length).join(", ");
    report.claim({
      subject: sections.join(", "),
      detail: `${counts(before)} then; ${counts(after)} now`,
      expected: "the same",
      seen: changes.filter((line) => !kept.test(line)).join("\n") || "the same",
      shown: stays.length === 0 ? "the same" : "the same but for what is kept on purpose",
    });
  }
  return all;
}

/** Nothing could be started, since there is nothing; and nothing runs. */
export function claimAlone(report: Report, machines: readonly Machine[]): void {
  report.claim({
    subject: "programs within reach",
    detail: "no PATH is set",
    expected: "none",
    seen: programs().join(", ") || "none",
    shown: `${programFolders().length} folders are empty, /usr/bin among them`,
  });
  report.claim({
    subject: "processes left",
    detail: "in these namespaces",
    expected: `${process.pid}`,
    seen: processesIn(machines).join(", "),
    shown: "this demo alone",
  });
}
