/** Debian's kernel for virtual machines: where it is on this machine, and which of its modules a test machine gets. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CpioEntry } from "./cpio.ts";

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

/** Folders below `kernel/` that a network host can want something of. The whole tree is three times as large. */
const useful = [
  "net",
  "lib",
  "crypto",
  "arch/x86/crypto",
  "drivers/net",
  "drivers/virtio",
  "drivers/char",
  "drivers/vhost",
];

/** The lists that `modprobe` reads, so that the kernel can load what it lacks as it does on a real host. */
const lists = ["modules.dep", "modules.alias", "modules.symbols", "modules.builtin"];

/** The modules and their lists as they lie below /lib/modules. */
export function moduleEntries({ release, modules }: Kernel): readonly CpioEntry[] {
  const wanted = useful.flatMap((folder) =>
    readdirSync(join(modules, "kernel", folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.ko(\.xz|\.gz)?$/.test(name))
      .map((name) => join("kernel", folder, name)),
  );
  const listed = lists.filter((name) => existsSync(join(modules, name)));
  return [...listed, ...wanted].map((name) => ({
    kind: "file",
    paths: [join("/usr/lib/modules", release, name)],
    bytes: readFileSync(join(modules, name)),
    mode: 0o644,
  }));
}
