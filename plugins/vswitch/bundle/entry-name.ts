/** How the files of a bundle are called in its archive. Pure. */
import { longestName } from "./tar.ts";

/** @param name of a file of the bundle. @returns it in the folder of its own that an archive unpacks to */
export const entryName = (name: string): string => `vswitch-support/${name}`;

/**
 * A name of a folder of the host as one that fits into the archive: file names may have 255 bytes.
 *
 * @param folder of the bundle
 * @param index tells names apart that begin alike; those that were cut are in a folder of their own, so that none is
 *   taken for one that was not
 */
export function fittingName(folder: string, name: string, index: number): string {
  const whole = `${folder}/${name}`;
  if (byteLength(entryName(whole)) <= longestName) return whole;
  const before = `${folder}/cut/${index}-`;
  return before + cut(name, longestName - byteLength(entryName(before)));
}

const byteLength = (text: string): number => new TextEncoder().encode(text).length;

/** Between two characters. */
function cut(text: string, mostBytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(mostBytes));
  return text.slice(0, read);
}
