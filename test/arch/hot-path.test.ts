import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Files that an ADD of a nat network reads by `require`, beside what they import. */
const read = [
  "plugins/nat/main.ts",
  "plugins/nat/plugin.ts",
  "lib/verbs/add.ts",
  "lib/verbs/surroundings.ts",
  "lib/linux/backend.ts",
  "plugins/ipam/add.ts",
];

/** Types are gone when it runs. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = [...text.matchAll(/^(?:import|export)\s+(?!type\b)([^;]*?)from\s+"(\.[^"]+)"/gm)];
  return found
    .filter(([, names = ""]) => !/^\{(\s*type\s+[^,}]+,?)+\s*\}\s*$/.test(names))
    .map(([, , path = ""]) => normalize(join(dirname(file), path)));
}

function closureOf(files: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const queue = [...files];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    queue.push(...importsOf(file));
  }
  return seen;
}

test("an ADD of a nat network reads nothing of directories, etcd or their ipam", () => {
  const all = [...closureOf(read)];
  expect(all.length).toBeGreaterThan(50);
  // By its reason an error is known for one that a directory may help; its file is six lines.
  const strangers = all.filter(
    (file) =>
      /^(lib\/(cluster|directory|etcd)|plugins\/(overlay|ipam\/pool))\//.test(file) &&
      file !== "plugins/ipam/pool/is-lacking.ts",
  );
  expect(strangers).toEqual([]);
});
