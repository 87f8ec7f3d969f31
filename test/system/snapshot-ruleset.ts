/** The output of `nft list ruleset`, each line with the path of what it is in, so that a difference tells where. */

const opening = /^(table|chain|set|map|flowtable|ct|limit|quota|counter|synproxy)\b.*\{$/;

/** What packets add to sets by themselves: a flow that was allowed, for some seconds. */
const passing = /\bexpires \d/;

/** One line per declaration, rule and element; without counters, and without what goes by itself. */
export function flatRuleset(text: string): readonly string[] {
  const path: string[] = [];
  const lines: string[] = [];
  for (const raw of text.split("\n")) {
    const line = raw.trim().replace(/counter packets \d+ bytes \d+/g, "counter");
    if (line === "") continue;
    if (line === "}") path.pop();
    else if (opening.test(line)) {
      path.push(line.slice(0, -1).trim());
      lines.push(path.join(" / "));
    } else {
      const elements = line.replace(/^elements = \{ /, "").replace(/[,}]$/, "");
      const parts = path.length > 0 && /^(elements|.*,$|.* \}$)/.test(line) ? elements.split(", ") : [line];
      const kept = parts.filter((part) => !passing.test(part));
      for (const part of kept) lines.push(`${path.join(" / ")}: ${part.trim()}`);
    }
  }
  return lines;
}
