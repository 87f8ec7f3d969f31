/** Frames below test/golden/dhcp by their title. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export function goldenFrames(file: string): (title: string) => Uint8Array {
  const text = readFileSync(join(import.meta.dirname, "../../golden/dhcp", file), "utf8");
  const frames = new Map(
    text
      .split(/^# /m)
      .slice(1)
      .map((entry) => {
        const [title = "", ...words] = entry.split("\n");
        return [title, Uint8Array.from(Buffer.from(words.join("").replaceAll(/\s/g, ""), "hex"))] as const;
      }),
  );
  return (title) => {
    const found = frames.get(title);
    if (found === undefined) throw new Error(`${file} has no "${title}"`);
    return found;
  };
}
