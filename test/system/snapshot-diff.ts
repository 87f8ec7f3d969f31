/** Says in words a person can read how two snapshots differ. */
import type { Snapshot } from "./snapshot.ts";

/** The difference as text, "" when there is none: a heading per section, "-" gone, "+" new. */
export function diffSnapshots(before: Snapshot, after: Snapshot): string {
  const sections = new Set([...before.keys(), ...after.keys()]);
  const text: string[] = [];
  for (const section of sections) {
    const changes = diffLines(before.get(section) ?? [], after.get(section) ?? []);
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
