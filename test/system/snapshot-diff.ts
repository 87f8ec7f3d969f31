/** Says in words a person can read how two snapshots differ. */
import type { Snapshot } from "./snapshot.ts";

/** The difference as text, "" when there is none: a heading per section, "-" gone, "+" new. */
export function diffSnapshots(before: Snapshot, after: Snapshot): string {
  const sections = new Set([...before.keys(), ...after.keys()]);
  const text: string[] = [];
  const stays = linksInBoth(before, after);
  for (const section of sections) {
    const changes = diffLines(before.get(section) ?? [], after.get(section) ?? []).filter(
      (change) => !isDetailOfNewLink(change, stays),
    );
    if (changes.length > 0) text.push(`${section}:`, ...changes.map((change) => `  ${change}`));
  }
  return text.join("\n");
}

/** Lines only in one of the two lists; equal lines count as often as they appear. */
export function diffLines(before: readonly string[], after: readonly string[]): readonly string[] {
  const count = new Map<string, number>();
  for (const line of before) count.set(line, (count.get(line) ?? 0) - 1);
  for (const line of after) count.set(line, (count.get(line) ?? 0) + 1);
  const changes: string[] = [];
  for (const [line, times] of count) {
    for (let left = Math.abs(times); left > 0; left--)
      changes.push(`${times < 0 ? "-" : "+"} ${line.trim()}`);
  }
  return changes;
}

function linksInBoth(before: Snapshot, after: Snapshot): (name: string) => boolean {
  const names = (snapshot: Snapshot) =>
    new Set((snapshot.get("links and addresses") ?? []).map((line) => /"ifname":"([^"]+)"/.exec(line)?.[1]));
  const [old, now] = [names(before), names(after)];
  return (name) => old.has(name) && now.has(name);
}

/** A link that came or went is told once, not again with each of its settings. */
function isDetailOfNewLink(change: string, stays: (name: string) => boolean): boolean {
  const link = /\/conf\/([^/]+)\/|qdisc .* dev (\S+)/.exec(change);
  const name = link?.[1] ?? link?.[2];
  return name !== undefined && !["all", "default"].includes(name) && !stays(name);
}
