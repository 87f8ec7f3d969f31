/** The first root file system of a test machine: what finds the image of /usr and carries out the test's steps. */
import { join } from "node:path";
import { encodeCpio } from "./cpio.ts";
import { type Kernel, modulesInOrder } from "./kernel.ts";
import { busybox } from "./programs.ts";
import type { Content, TreeEntry } from "./tree.ts";
import { guestBinDir, usrBinDir } from "./usr-image.ts";
import { writeParts } from "./write-parts.ts";

/** A file put into the machine: its text or bytes, or a file of this machine by its path. Mode default 0o755. */
export type GuestFile = string | Uint8Array | { readonly from: string; readonly mode?: number };

export interface InitramfsOptions {
  readonly kernel: Kernel;
  /** Modules loaded before the first step. */
  readonly modules: readonly string[];
  /** By their absolute path in the machine, outside /usr. */
  readonly files: Readonly<Record<string, GuestFile>>;
}

/** What the machine itself is made of: disk, port to the test, network cards. */
const ownModules = ["virtio_pci", "virtio_blk", "erofs", "virtio_console", "virtio_net"];

const etc: Readonly<Record<string, string>> = {
  "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
  "/etc/group": "root:x:0:\n",
  "/etc/hosts": "127.0.0.1 localhost vm\n::1 localhost\n",
  "/etc/protocols": "icmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\nipv6-icmp 58 IPv6-ICMP\nsctp 132 SCTP\n",
};

const folders = ["/proc", "/sys", "/dev", "/run", "/tmp", "/root", "/usr", "/var/lib"];

/** Writes the archive, some 3 MB. It is not compressed: the emulated processor would take longer to unpack it. */
export function writeInitramfs(path: string, options: InitramfsOptions): void {
  writeParts(path, encodeCpio(entriesOf(options)));
}

function entriesOf({ kernel, modules, files }: InitramfsOptions): readonly TreeEntry[] {
  const loaded = modulesInOrder(kernel, [...ownModules, ...modules]);
  const loadedAt = loaded.map((module, at) => `/modules/${at}-${module.replace(/^.*\//, "")}`);
  return [
    ...folders.map((path) => ({ kind: "folder", path }) as const),
    ...["bin", "sbin", "lib", "lib64"].map((name) => link(`/${name}`, `usr/${name}`)),
    link(guestBinDir, usrBinDir),
    file("/busybox", { from: busybox }),
    file("/init", { from: join(import.meta.dirname, "guest-init.sh") }),
    ...loaded.map((module, at) => file(loadedAt[at] ?? "", { from: module })),
    file("/modules/list", loadedAt.join("\n")),
    ...Object.entries({ ...etc, ...files }).map(([name, content]) => file(name, content)),
  ];
}

function link(path: string, target: string): TreeEntry {
  return { kind: "link", path, target };
}

function file(path: string, content: Content & { readonly mode?: number }): TreeEntry {
  const mode = (content as { readonly mode?: number }).mode ?? 0o755;
  return { kind: "file", paths: [path], content, mode };
}
