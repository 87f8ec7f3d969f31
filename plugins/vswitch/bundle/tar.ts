/** A tar archive of small files: the ustar format (POSIX.1-2017, pax, "ustar Interchange Format"). Pure. */

/** In bytes. */
export const longestName = 100;

export interface TarEntry {
  /** At most `longestName` bytes. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const blockBytes = 512;

/** @param seconds since 1970, of all files. @throws {RangeError} for a name that does not fit */
export function tarArchive(entries: readonly TarEntry[], seconds: number): Uint8Array<ArrayBuffer> {
  const blocks = entries.flatMap((entry) => [header(entry, seconds), padded(entry.bytes)]);
  // Two empty blocks end it.
  blocks.push(new Uint8Array(2 * blockBytes));
  const archive = new Uint8Array(blocks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const block of blocks) {
    archive.set(block, at);
    at += block.length;
  }
  return archive;
}

function header({ name, bytes }: TarEntry, seconds: number): Uint8Array {
  const block = new Uint8Array(blockBytes);
  const encoded = new TextEncoder().encode(name);
  if (encoded.length > longestName) throw new RangeError(`"${name}" is too long for an archive`);
  const text = (at: number, value: string): void => block.set(new TextEncoder().encode(value), at);
  const octal = (at: number, value: number, digits: number): void =>
    text(at, Math.floor(value).toString(8).padStart(digits, "0"));
  block.set(encoded);
  octal(100, 0o600, 7);
  // User and group: root, whose files they were.
  octal(108, 0, 7);
  octal(116, 0, 7);
  octal(124, bytes.length, 11);
  octal(136, seconds, 11);
  text(156, "0");
  text(257, "ustar\0" + "00");
  // The sum is taken with blanks in its own place.
  text(148, " ".repeat(8));
  octal(
    148,
    block.reduce((sum, byte) => sum + byte, 0),
    6,
  );
  text(154, "\0 ");
  return block;
}

function padded(bytes: Uint8Array): Uint8Array {
  const block = new Uint8Array(Math.ceil(bytes.length / blockBytes) * blockBytes);
  block.set(bytes);
  return block;
}
