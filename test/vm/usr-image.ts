/** The disk of a test machine, its /usr: programs, libraries, our executables and the kernel's modules. */
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binDir } from "../system/nat-lab.ts";
import { encodeErofs } from "./erofs.ts";
import { type Kernel, moduleEntries } from "./kernel.ts";
import { baseProgramNames, busyboxEntries, librariesOf, programEntries } from "./programs.ts";
import type { TreeEntry } from "./tree.ts";
import { writeParts } from "./write-parts.ts";

/** Where the machine has our executables, under the names a runtime knows. */
export const guestBinDir = "/opt/cni/bin";

/** Where they really are. */
export const usrBinDir = "/usr/lib/cni";

const pluginNames = ["nat", "transparent", "overlay", "ipam", "vswitch"];
const keptImages = 4;

/**
 * The path of the image, made if none of the same contents is there yet (150 MB, about a second). Machines only read
 * it, so that all of this user's may have one.
 */
export function usrImage(kernel: Kernel, programs: readonly string[]): string {
  const entries = entriesOf(kernel, programs);
  const folder = ownFolder();
  const image = join(folder, `usr-${keyOf(entries)}`);
  try {
    utimesSync(image, new Date(), new Date());
    return image;
  } catch {
    // There is none yet.
  }
  // Each build of ours makes another image. A machine that has one open keeps it.
  const found = readdirSync(folder).map((name) => join(folder, name));
  const changed = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const newestFirst = found.toSorted((a, b) => changed(b) - changed(a));
  for (const path of newestFirst.slice(keptImages)) rmSync(path, { force: true });
  const making = `${image}.${process.pid}`;
  rmSync(making, { force: true });
  writeParts(making, encodeErofs(entries));
  renameSync(making, image);
  return image;
}

function entriesOf(kernel: Kernel, programs: readonly string[]): readonly TreeEntry[] {
  const executable = join(binDir, "nat");
  const tools = programEntries([
    ...new Set([...baseProgramNames, ...programs, ...librariesOf([executable])]),
  ]);
  const ours = pluginNames.map((name) => join(usrBinDir, name));
  const entries: readonly TreeEntry[] = [
    ...tools,
    ...busyboxEntries(tools),
    { kind: "file", paths: ours, content: { from: executable } },
    ...moduleEntries(kernel),
  ];
  return entries.map(withoutUsr);
}

/** As the paths are in the image. */
function withoutUsr(entry: TreeEntry): TreeEntry {
  const cut = (path: string) => path.replace(/^\/usr\//, "/");
  return entry.kind === "file"
    ? { ...entry, paths: entry.paths.map(cut) }
    : { ...entry, path: cut(entry.path) };
}

/** Two images with the same key have the same contents: a file that was written anew has another time of change. */
function keyOf(entries: readonly TreeEntry[]): string {
  const sources = entries.map((entry) => {
    if (entry.kind !== "file" || typeof entry.content === "string" || !("from" in entry.content))
      return entry;
    const { size, ino, ctimeMs } = statSync(entry.content.from);
    return { ...entry, size, ino, ctimeMs };
  });
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(sources)).digest("hex").slice(0, 32);
}

/** A folder that nobody else can write to, although its parent is everybody's. @throws when it is somebody else's */
function ownFolder(): string {
  const uid = process.getuid?.() ?? 0;
  const path = join(tmpdir(), `vswitch-test-machines-${uid}`);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const found = lstatSync(path);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0) {
    throw new Error(
      `${path} is not a folder of this user alone: remove it, test machines keep their disks there`,
    );
  }
  return path;
}
