/** Writing bytes to standard output, whatever it is: a file, or a pipe whose reader is slow or has gone. */
import { writeSync } from "node:fs";
import { isErrno } from "../../lib/os/error.ts";

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
      if (isErrno(error, "EPIPE")) return false;
      if (!isErrno(error, "EAGAIN")) throw error;
      Bun.sleepSync(1);
    }
  }
  return true;
}
