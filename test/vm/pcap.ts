/** Reads the capture files that QEMU writes (the classic format of libpcap, in this machine's byte order). */

const fileHeaderSize = 24;
const recordHeaderSize = 16;

/** The frames of a capture file. One that is still being written ends the list. */
export function decodePcap(file: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const frames: Uint8Array[] = [];
  for (let at = fileHeaderSize; at + recordHeaderSize <= file.length; ) {
    const size = view.getUint32(at + 8, true);
    at += recordHeaderSize;
    if (at + size > file.length) break;
    frames.push(file.subarray(at, at + size));
    at += size;
  }
  return frames;
}
