/** The first and only root file system of a test machine. */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { binDir } from "../system/nat-lab.ts";
import { type CpioEntry, encodeCpio } from "./cpio.ts";
import { type Kernel, moduleEntries } from "./kernel.ts";
import { baseProgramNames, busyboxEntries, librariesOf, mergedLinks, programEntries } from "./programs.ts";

/** A file put into the machine: its text or bytes, or a file of this machine by its path. Mode default 0o755. */
export type GuestFile = string | Uint8Array | { readonly from: string; readonly mode?: number };

export interface InitramfsOptions {
  readonly kernel: Kernel;
  /** Modules loaded before the first step. */
  readonly modules: readonly string[];
  /** Programs of this machine besides `baseProgramNames`. */
  readonly programs: readonly string[];
  /** By their absolute path in the machine. */
  readonly files: Readonly<Record<string, GuestFile>>;
}

/** Where the machine has our executables, under the names a runtime knows. */
export const guestBinDir = "/opt/cni/bin";

const pluginNames = ["nat", "transparent", "overlay", "ipam", "vswitch"];

const etc: Readonly<Record<string, string>> = {
  "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
  "/etc/group": "root:x:0:\n",
  "/etc/hosts": "127.0.0.1 localhost vm\n::1 localhost\n",
  "/etc/protocols": "icmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\nipv6-icmp 58 IPv6-ICMP\nsctp 132 SCTP\n",
};

/**
 * Writes the archive to a file. It is not compressed: the emulated processor would spend seconds on unpacking
 * our executable, while the file is written from memory to memory.
 */
export function writeInitramfs(path: string, options: InitramfsOptions): void {
  const file = openSync(path, "wx", 0o600);
  try {
    for (const part of encodeCpio(entriesOf(options))) {
      for (let done = 0; done < part.length; ) done += writeSync(file, part, done);
    }
  } finally {
    closeSync(file);
  }
}

function entriesOf({ kernel, modules, programs, files }: InitramfsOptions): readonly CpioEntry[] {
  const executable = join(binDir, "nat");
  const tools = programEntries([
    ...new Set([...baseProgramNames, ...programs, ...librariesOf([executable])]),
  ]);
  return [
    ...mergedLinks,
    ...["/proc", "/sys", "/dev", "/run", "/tmp", "/var/lib"].map(
      (path) => ({ kind: "folder", path }) as const,
    ),
    ...tools,
    ...busyboxEntries(tools),
    {
      kind: "file",
      paths: pluginNames.map((name) => join(guestBinDir, name)),
      bytes: readFileSync(executable),
    },
    ...moduleEntries(kernel),
    ...Object.entries(etc).map(([path, text]) => fileEntry(path, text)),
    fileEntry("/etc/vm-modules", modules.join("\n")),
    fileEntry("/init", { from: join(import.meta.dirname, "guest-init.sh") }),
    ...Object.entries(files).map(([path, file]) => fileEntry(path, file)),
  ];
}

function fileEntry(path: string, file: GuestFile): CpioEntry {
  if (typeof file === "string") return { kind: "file", paths: [path], bytes: new TextEncoder().encode(file) };
  if (file instanceof Uint8Array) return { kind: "file", paths: [path], bytes: file };
  const { from, mode = 0o755 } = file;
  return { kind: "file", paths: [path], bytes: readFileSync(from), mode };
}
