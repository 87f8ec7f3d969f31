/** Takes away every program a plugin could start, and looks at who runs: the proof that plugins start none. */
import { existsSync, lstatSync, readdirSync, statSync } from "node:fs";
import type { Machine } from "./world.ts";

const folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Those that are there and not mere links to others, as /bin is on a merged /usr. */
export const programFolders = (): readonly string[] =>
  folders.filter((folder) => existsSync(folder) && !lstatSync(folder).isSymbolicLink());

/** Covers the folders of programs for this process and its children; what runs already goes on. */
export function hidePrograms(cover: (folder: string) => void): void {
  for (const folder of programFolders()) cover(folder);
}

/** All programs in the folders where programs are. */
export function programs(): readonly string[] {
  return programFolders().flatMap((folder) => readdirSync(folder));
}

/** Processes in the network namespaces of these machines, by their command. */
export function processesIn(machines: readonly Machine[]): readonly number[] {
  const namespaces = new Set(machines.map(({ path }) => inodeOf(path)));
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && namespaces.has(inodeOf(`/proc/${name}/ns/net`)))
    .map(Number);
}

/** @returns undefined for what is gone, or somebody else's */
function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}
