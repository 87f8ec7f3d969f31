/** Lines of a stream, one after the other, for a reader that waits for each. */

export interface Lines {
  /** @throws {RangeError} when a line is longer than it may be */
  push(bytes: Uint8Array): void;
  /** The stream has ended well: what is left is a line too. The gateway ends all but its last one, an error. */
  finish(): void;
  /** What comes after the lines that are there: `next` throws it. */
  fail(error: unknown): void;
  /** The next line that is not empty. */
  next(): Promise<string>;
}

const LF = 0x0a;

/** A line is put together as bytes: characters may be cut where the stream is. @param maxBytes of a line */
export function createLines(maxBytes: number): Lines {
  const lines: string[] = [];
  let parts: Uint8Array[] = [];
  let length = 0;
  let failure: { readonly error: unknown } | undefined;
  let waiting: PromiseWithResolvers<string> | undefined;
  const settle = (): void => {
    const line = lines[0];
    if (waiting === undefined || (line === undefined && failure === undefined)) return;
    const { resolve, reject } = waiting;
    waiting = undefined;
    if (line === undefined) reject(failure?.error);
    else resolve(line);
    lines.shift();
  };
  const endLine = (): void => {
    const line = Buffer.concat(parts).toString("utf8").trim();
    parts = [];
    length = 0;
    if (line !== "") lines.push(line);
  };
  const keep = (bytes: Uint8Array): void => {
    length += bytes.length;
    if (length > maxBytes) throw new RangeError(`a message is larger than ${maxBytes} bytes`);
    if (bytes.length > 0) parts.push(bytes.slice());
  };
  return {
    push(bytes) {
      let from = 0;
      for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, from)) {
        keep(bytes.subarray(from, end));
        endLine();
        from = end + 1;
      }
      keep(bytes.subarray(from));
      settle();
    },
    finish() {
      endLine();
      settle();
    },
    fail(error) {
      failure ??= { error };
      settle();
    },
    next() {
      waiting = Promise.withResolvers();
      const { promise } = waiting;
      settle();
      return promise;
    },
  };
}
