/** Our executables, where nobody builds anew while they are measured. */
import { copyFileSync, linkSync, mkdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Puts the executables into a folder of their own: hard links to one file, as after `vswitch install`.
 * @returns the folder
 */
export function takeExecutables(from: string, to: string): string {
  mkdirSync(to);
  const nat = join(to, "nat");
  try {
    linkSync(join(from, "nat"), nat);
  } catch {
    // Another file system.
    copyFileSync(join(from, "nat"), nat);
  }
  for (const name of ["transparent", "overlay", "ipam", "vswitch"]) linkSync(nat, join(to, name));
  return to;
}
