/** Writing bytes to standard output, whatever it is: a file, or a pipe whose reader is slow or has gone. */
import { writeSync } from "node:fs";

const stdout = 1;

/**
 * As a whole and in order.
 *
 * @param write gives the number of bytes that were taken
 * @returns false when the reader has enough: nobody wants the rest
 */
export function writeStdout(
  what: Uint8Array | string,
  write: (bytes: Uint8Array) => number = (bytes) => writeSync(stdout, bytes),
): boolean {
  let rest = typeof what === "string" ? new TextEncoder().encode(what) : what;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(write(rest));
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EPIPE") return false;
      if (code !== "EAGAIN") throw error;
      Bun.sleepSync(1);
    }
  }
  return true;
}
