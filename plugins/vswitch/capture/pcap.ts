/** Frames as tcpdump and Wireshark read them: the pcap format (draft-ietf-opsawg-pcap), with nanoseconds. Pure. */

/** Magic of a file in the byte order of its writer, times in nanoseconds. */
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const LINKTYPE_ETHERNET = 1;

/** Once, at the beginning. @param snapLength most bytes kept of a frame */
export function pcapHeader(snapLength: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(24));
  view.setUint32(0, MAGIC_NANOSECONDS, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, snapLength, true);
  view.setUint32(20, LINKTYPE_ETHERNET, true);
  return new Uint8Array(view.buffer);
}

export interface PcapFrame {
  /** Nanoseconds since 1970. */
  readonly atNs: bigint;
  /** On the wire; `bytes` may be fewer. */
  readonly length: number;
  readonly bytes: Uint8Array;
}

export function pcapRecord({ atNs, length, bytes }: PcapFrame): Uint8Array {
  const record = new Uint8Array(16 + bytes.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, Number(atNs / 1_000_000_000n), true);
  view.setUint32(4, Number(atNs % 1_000_000_000n), true);
  view.setUint32(8, bytes.length, true);
  view.setUint32(12, length, true);
  record.set(bytes, 16);
  return record;
}
