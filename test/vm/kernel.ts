/** Debian's kernel for test machines: where it is on this machine, and which of its modules a test machine gets. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TreeEntry } from "./tree.ts";

export interface Kernel {
  /** As `uname -r` says it. */
  readonly release: string;
  readonly image: string;
  /** Its folder below lib/modules. */
  readonly modules: string;
}

/** Folders in which a kernel may lie: the system, and where test/prepare.mjs unpacks Debian's package. */
export const kernelRoots: readonly string[] = [
  "/",
  join(import.meta.dirname, "../../node_modules/.cache/debian-kernel"),
];

/** The newest `linux-image-*-cloud-amd64` that is complete with its list of modules, or undefined. */
export function findKernel(roots: readonly string[] = kernelRoots): Kernel | undefined {
  const found = roots.flatMap((root) => {
    const boot = join(root, "boot");
    if (!existsSync(boot)) return [];
    return readdirSync(boot).flatMap((name) => {
      const release = /^vmlinuz-(.+-cloud-amd64)$/.exec(name)?.[1];
      if (release === undefined) return [];
      return [{ release, image: join(boot, name), modules: join(root, "lib/modules", release) }];
    });
  });
  const newestFirst = (a: Kernel, b: Kernel) => b.release.localeCompare(a.release, "en", { numeric: true });
  return found.filter(({ modules }) => existsSync(join(modules, "modules.dep"))).toSorted(newestFirst)[0];
}

/** Folders below `kernel/` that a network host can want something of. */
const useful = ["net", "lib", "crypto", "arch/x86/crypto", "drivers/net", "drivers/vhost"];

/** The lists that `modprobe` reads, so that the kernel can load what it lacks as it does on a real host. */
const lists = ["modules.dep", "modules.alias", "modules.symbols", "modules.builtin"];

/** The modules and their lists, as they lie below /usr/lib/modules. */
export function moduleEntries({ release, modules }: Kernel): readonly TreeEntry[] {
  const wanted = useful.flatMap((folder) =>
    readdirSync(join(modules, "kernel", folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.ko(\.xz|\.gz)?$/.test(name))
      .map((name) => join("kernel", folder, name)),
  );
  const listed = lists.filter((name) => existsSync(join(modules, name)));
  return [...listed, ...wanted].map((name) => ({
    kind: "file",
    paths: [join("/usr/lib/modules", release, name)],
    content: { from: join(modules, name) },
    mode: 0o644,
  }));
}

/**
 * Files of modules with those they need, each after the ones it needs; modules that are part of the kernel's image
 * are left out.
 *
 * @throws with the name of a module that this kernel has not
 */
export function modulesInOrder({ modules, release }: Kernel, names: readonly string[]): readonly string[] {
  const needs = new Map<string, readonly string[]>();
  const paths = new Map<string, string>();
  for (const line of readFileSync(join(modules, "modules.dep"), "utf8").split("\n")) {
    const [path = "", ...needed] = line.split(/:? +|:$/).filter((word) => word !== "");
    needs.set(path, needed);
    paths.set(moduleName(path), path);
  }
  const builtIn = readFileSync(join(modules, "modules.builtin"), "utf8").split("\n").map(moduleName);
  const ordered = new Set<string>();
  const add = (path: string) => {
    if (ordered.has(path)) return;
    for (const needed of needs.get(path) ?? []) add(needed);
    ordered.add(path);
  };
  for (const name of names.map(moduleName)) {
    const path = paths.get(name);
    if (path !== undefined) add(path);
    else if (!builtIn.includes(name)) throw new Error(`kernel ${release} has no module ${name}`);
  }
  return [...ordered].map((path) => join(modules, path));
}

/** A name by which `-` and `_` are the same, as they are for the kernel. */
function moduleName(path: string): string {
  return path
    .replace(/^.*\//, "")
    .replace(/\.ko(\..+)?$/, "")
    .replaceAll("-", "_");
}
