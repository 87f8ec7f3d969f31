/** Approved text: what a pure part says, kept in a file that a person has read. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";

/**
 * Compares with `test/PATH`. `APPROVE=1` writes the file instead: read the difference before it is committed.
 *
 * @param path below test/
 */
export function expectApproved(path: string, text: string): void {
  const file = join(import.meta.dirname, path);
  const whole = `${text.trimEnd()}\n`;
  if (process.env.APPROVE === "1") {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, whole);
  }
  expect(whole).toBe(readApproved(file));
}

function readApproved(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new Error(`no approved text in ${file}: run the test with APPROVE=1 and read what it wrote`);
  }
}
