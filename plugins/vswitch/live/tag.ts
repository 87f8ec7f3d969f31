/** By what a live probe is known on all hosts: a number that it bears, in four hexadecimal digits. Pure. */
import { UsageError } from "../terminal.ts";

const most = 0xffff;

/** @throws {UsageError} */
export function parseTag(text: string): number {
  const tag = /^[0-9a-f]{4}$/i.test(text) ? Number.parseInt(text, 16) : 0;
  if (tag === 0) throw new UsageError(`"${text}" is no tag: four hexadecimal digits, such as 4a3f`);
  return tag;
}

export const formatTag = (tag: number): string => tag.toString(16).padStart(4, "0");

export const randomTag = (): number => 1 + Math.floor(Math.random() * most);
