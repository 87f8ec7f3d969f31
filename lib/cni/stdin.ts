/** Reading the whole of stdin without an event loop. */
import { isErrno, SystemCallError } from "../os/error.ts";
import { closeFile, openFile, readFile } from "../os/file.ts";
import { CniError, errorCode } from "./error.ts";
import { maxInputBytes } from "./json.ts";

/**
 * Reads to the end of a file descriptor.
 *
 * @param limit bytes
 * @param fd 0 unless told
 * @throws {CniError} 5 when it cannot be read or holds more than `limit` bytes
 */
export function readStdin(limit: number = maxInputBytes, fd = 0): Uint8Array {
  const source: Source = { fd, reopened: undefined, waitMs: 1 };
  try {
    return readAll(source, limit);
  } finally {
    if (source.reopened !== undefined) closeFile(source.reopened);
  }
}

interface Source {
  readonly fd: number;
  reopened: number | undefined;
  waitMs: number;
}

function readAll(source: Source, limit: number): Uint8Array {
  let buffer = new Uint8Array(Math.min(16 * 1024, limit + 1));
  let length = 0;
  for (;;) {
    const count = readSome(source, buffer, length);
    if (count === 0) return buffer.subarray(0, length);
    length += count;
    if (length > limit) {
      throw new CniError(errorCode.ioFailure, `stdin holds more than ${limit} bytes`, {
        reason: "input-too-large",
      });
    }
    if (length === buffer.length) {
      const larger = new Uint8Array(Math.min(buffer.length * 4, limit + 1));
      larger.set(buffer);
      buffer = larger;
    }
  }
}

function readSome(source: Source, buffer: Uint8Array, offset: number): number {
  for (;;) {
    try {
      return readFile(source.reopened ?? source.fd, buffer.subarray(offset));
    } catch (error) {
      if (!isErrno(error, "EAGAIN")) {
        throw new CniError(
          errorCode.ioFailure,
          `stdin cannot be read (${error instanceof SystemCallError ? error.errnoName : String(error)})`,
          {
            reason: "stdin-unreadable",
            cause: error,
          },
        );
      }
      waitForInput(source);
    }
  }
}

/**
 * A pipe that its other holder made non-blocking: opening it again gives a descriptor of our own that blocks. A socket
 * cannot be opened again, there a growing pause keeps us from spinning.
 */
function waitForInput(source: Source): void {
  if (source.reopened === undefined) {
    try {
      source.reopened = openFile(`/proc/self/fd/${source.fd}`);
      return;
    } catch {
      // A socket, or no /proc.
    }
  }
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, source.waitMs);
  source.waitMs = Math.min(source.waitMs * 2, 32);
}
