/** Waiting for several descriptors at once (poll(2)). */
import { toolLibc } from "./libc.ts";

/** asm-generic/poll.h. */
export const POLLIN = 0x1;

export interface Watched {
  readonly fd: number;
  /** POLLIN; 0 for what is only of interest when it breaks. */
  readonly events: number;
}

/**
 * A signal ends it early, so that whoever waits can see to it.
 *
 * @param ms how long at most
 * @returns for each what came about, 0 for nothing
 */
export function poll(watched: readonly Watched[], ms: number): readonly number[] {
  // struct pollfd: descriptor, what is waited for, what came about.
  const structs = new DataView(new ArrayBuffer(watched.length * 8));
  for (const [i, { fd, events }] of watched.entries()) {
    structs.setInt32(i * 8, fd, true);
    structs.setInt16(i * 8 + 4, events, true);
  }
  toolLibc().poll(new Uint8Array(structs.buffer), BigInt(watched.length), Math.max(0, Math.ceil(ms)));
  return watched.map((_, i) => structs.getInt16(i * 8 + 6, true));
}
