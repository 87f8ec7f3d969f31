/** Writes a file that is made in parts. */
import { closeSync, openSync, writeSync } from "node:fs";

/** Makes a new file, for its owner alone. @throws when there is one */
export function writeParts(path: string, parts: readonly Uint8Array[]): void {
  const file = openSync(path, "wx", 0o600);
  try {
    for (const part of parts) {
      for (let done = 0; done < part.length; ) done += writeSync(file, part, done);
    }
  } finally {
    closeSync(file);
  }
}
