import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** What each room of the source may import from, beside itself: rooms, or single files. The reasons stand in README, "Map of the tree". */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "lib/addr": [],
  "lib/policy": ["lib/addr"],
  "lib/model": ["lib/addr", "lib/policy"],
  "lib/os": [],
  // Of netlink it takes the reading and writing of integers, which does no I/O.
  "lib/dhcp": ["lib/addr", "lib/cni", "lib/netlink/bytes.ts"],
  "lib/hcn": ["lib/addr", "lib/cni", "lib/policy"],
  "lib/cni": ["lib/addr", "lib/os"],
  "lib/directory": ["lib/addr", "lib/cni", "lib/model"],
  "lib/etcd": ["lib/addr", "lib/os", "lib/cni", "lib/directory"],
  "lib/planning": ["lib/addr", "lib/cni", "lib/model", "lib/policy"],
  "lib/state": ["lib/addr", "lib/os", "lib/cni", "lib/model", "lib/dhcp"],
  "lib/netlink": ["lib/addr", "lib/os", "lib/policy"],
  "lib/linux": [
    "lib/addr",
    "lib/os",
    "lib/cni",
    "lib/dhcp",
    "lib/model",
    "lib/policy",
    "lib/netlink",
    "lib/seam",
  ],
  // What keeps a repair from its end is an error of CNI.
  "lib/seam": ["lib/model", "lib/addr", "lib/cni", "lib/dhcp"],
  "lib/load-backend.ts": ["lib/seam", "lib/linux"],
  "lib/verbs": [
    "lib/addr",
    "lib/os",
    "lib/cni",
    "lib/cluster",
    "lib/dhcp",
    "lib/directory",
    "lib/model",
    "lib/policy",
    "lib/state",
    "lib/seam",
    "lib/load-backend.ts",
    "plugins/ipam",
  ],
  "plugins/ipam": [
    "lib/addr",
    "lib/os",
    "lib/cni",
    "lib/cluster",
    "lib/dhcp",
    "lib/directory",
    "lib/etcd",
    "lib/model",
    "lib/state",
    "lib/seam",
    "lib/load-backend.ts",
    "lib/verbs",
  ],
  // Types of the verbs alone.
  "lib/hosted": ["lib/addr", "lib/cni", "lib/hcn", "lib/model", "lib/planning", "lib/policy", "lib/verbs"],
  "plugins/nat": ["lib/addr", "lib/cni", "lib/hosted", "lib/model", "lib/planning", "lib/verbs"],
  "lib/cluster": ["lib/addr", "lib/os", "lib/cni", "lib/directory", "lib/etcd", "lib/model", "lib/state"],
  "plugins/overlay": [
    "lib/addr",
    "lib/cni",
    "lib/directory",
    "lib/hcn",
    "lib/hosted",
    "lib/model",
    "lib/planning",
    "lib/state",
    "lib/verbs",
  ],
  "plugins/names.ts": [],
  "plugins/transparent": [
    "lib/addr",
    "lib/cni",
    "lib/hcn",
    "lib/model",
    "lib/planning",
    "lib/verbs",
    "lib/load-backend.ts",
  ],
  "plugins/vswitch": [
    "lib/addr",
    "lib/cni",
    "lib/cluster",
    "lib/dhcp",
    "lib/directory",
    "lib/etcd",
    "lib/model",
    "lib/policy",
    "lib/state",
    "lib/seam",
    "lib/load-backend.ts",
    "lib/verbs",
    "plugins/ipam",
    // The doctor reads configurations as the plugin itself does.
    "plugins/nat",
    "plugins/transparent",
    "plugins/overlay",
    "plugins/names.ts",
  ],
};

/** Rooms that do no I/O: they must not even be able to. */
const pure = ["lib/addr", "lib/policy", "lib/model", "lib/dhcp"];

const files = ["lib", "plugins"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name}`),
);

function roomOf(file: string): string {
  const parts = file.split("/");
  return parts.length === 2 ? file : parts.slice(0, 2).join("/");
}

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/(?:from\s+|import\s+|import\s*\(\s*)"([^"]+)"/g)].map((match) => match[1] ?? "");
}

test.each(Object.keys(allowed))("%s imports only from the rooms it may know", (room) => {
  const strangers = files
    .filter((file) => roomOf(file) === room)
    .flatMap((file) =>
      importsOf(file)
        .filter((name) => name.startsWith("."))
        .map((name) => relative(root, normalize(join(root, dirname(file), name))))
        .filter((target) => roomOf(target) !== room)
        .filter((target) => ![roomOf(target), target].some((known) => allowed[room]?.includes(known)))
        .map((target) => `${file} imports ${target}`),
    );
  expect(strangers).toEqual([]);
});

test("every source file belongs to a room with rules", () => {
  const edges = ["plugins/main.ts", "plugins/build.ts"];
  expect(files.filter((file) => !(roomOf(file) in allowed) && !edges.includes(file))).toEqual([]);
});

test.each(pure)("%s does no I/O", (room) => {
  const outside = files
    .filter((file) => roomOf(file) === room)
    .flatMap((file) =>
      importsOf(file)
        .filter((name) => !name.startsWith("."))
        .map((name) => `${file} imports ${name}`),
    );
  expect(outside).toEqual([]);
});

test("one file knows of FFI", () => {
  expect(files.filter((file) => importsOf(file).includes("bun:ffi"))).toEqual(["lib/os/libc.ts"]);
});

test("no plugin loads a module of node at its start, which takes a millisecond", () => {
  const known = ["lib/os/file.ts", "plugins/build.ts", "plugins/vswitch/", "lib/state/import-host-local.ts"];
  const loading = files.filter((file) => importsOf(file).some((name) => name.startsWith("node:")));
  expect(loading.filter((file) => !known.some((path) => file.startsWith(path)))).toEqual([]);
});

test("what is required at its first use has the type of its module, and rooms see it as an import", () => {
  const bare = files.flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8");
    return [...text.matchAll(/\brequire\(([^)]*)\)(.*)/g)]
      .filter(([, name, rest]) => !rest?.startsWith(` as typeof import(${name})`))
      .map(([all]) => `${file}: ${all}`);
  });
  expect(bare.filter((line) => !line.startsWith("plugins/build.ts"))).toEqual([]);
});

test("processes are started by delegation and the operator's tool alone", () => {
  const starting = files.filter((file) =>
    /child_process|Bun\.spawn|execa\(/.test(readFileSync(join(root, file), "utf8")),
  );
  expect(starting.filter((file) => !file.startsWith("plugins/vswitch/"))).toEqual(["lib/cni/execute.ts"]);
});

test("only the edge of a process prints or exits", () => {
  const printing = files.filter((file) =>
    /process\.(stdout|stderr|exit\()|console\./.test(readFileSync(join(root, file), "utf8")),
  );
  const edges = ["lib/linux/netns.ts", "plugins/main.ts"];
  expect(printing.filter((file) => !edges.includes(file) && !file.startsWith("plugins/vswitch/"))).toEqual(
    [],
  );
});

test("every file begins with what it is for", () => {
  const bare = files.filter((file) => !readFileSync(join(root, file), "utf8").startsWith("/**"));
  expect(bare).toEqual([]);
});

test("files stay small: the median at most 80 lines, nine in ten at most 200", () => {
  const lengths = files
    .map((file) => readFileSync(join(root, file), "utf8").split("\n").length)
    .toSorted((a, b) => a - b);
  expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(80);
  expect(lengths[Math.floor(lengths.length * 0.9)]).toBeLessThanOrEqual(200);
});
