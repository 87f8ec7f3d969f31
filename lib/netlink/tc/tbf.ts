/** Token buckets, the queueing discipline that holds a link to a rate: TCA_TBF_* of linux/pkt_sched.h. */
import { type Attr, bytes, findAttr, getU32, getU64, u32, u64 } from "../attr.ts";
import { concat, readU32, writeU16, writeU32 } from "../bytes.ts";

const TCA_TBF_PARMS = 1;
const TCA_TBF_RATE64 = 4;
const TCA_TBF_BURST = 6;
const TC_TBF_QOPT_LENGTH = 36;
const TC_LINKLAYER_ETHERNET = 1;
/** The kernel tells times in steps of so many nanoseconds (net/pkt_sched.h PSCHED_SHIFT). */
const TICK_NS = 64;
const U32_MAX = 0xffff_ffff;

/** Whole numbers. */
export interface TokenBucket {
  readonly bytesPerSecond: number;
  /** Tokens the bucket holds: what may pass at once. A larger packet is cut (GSO), or dropped. */
  readonly burstBytes: number;
  /** What may wait for tokens; more is dropped. */
  readonly limitBytes: number;
}

/**
 * TCA_OPTIONS. Without the table of times (TCA_TBF_RTAB) that `tc` adds: the kernel has computed them itself since
 * Linux 3.13, when it is told the link layer.
 */
export function encodeTbf({ bytesPerSecond, burstBytes, limitBytes }: TokenBucket): Uint8Array {
  const long = bytesPerSecond > U32_MAX;
  const qopt = new Uint8Array(TC_TBF_QOPT_LENGTH);
  // struct tc_ratespec, with the cells of the table that is left out.
  qopt[0] = 3;
  qopt[1] = TC_LINKLAYER_ETHERNET;
  writeU16(qopt, 4, 0xffff);
  writeU32(qopt, 8, Math.min(bytesPerSecond, U32_MAX));
  writeU32(qopt, 24, Math.min(limitBytes, U32_MAX));
  writeU32(qopt, 28, Math.min(ticksOf(burstBytes, Math.min(bytesPerSecond, U32_MAX)), U32_MAX));
  return concat([
    bytes(TCA_TBF_PARMS, qopt),
    u32(TCA_TBF_BURST, Math.min(burstBytes, U32_MAX)),
    ...(long ? [u64(TCA_TBF_RATE64, BigInt(bytesPerSecond))] : []),
  ]);
}

/** Inside of TCA_OPTIONS. The kernel keeps the burst as a time, so it comes back nearly as it was given. */
export function decodeTbf(options: readonly Attr[]): TokenBucket | undefined {
  const qopt = findAttr(options, TCA_TBF_PARMS);
  if (qopt === undefined) return undefined;
  const bytesPerSecond = Number(getU64(options, TCA_TBF_RATE64) ?? readU32(qopt, 8));
  const ofTime = Math.round((readU32(qopt, 28) * TICK_NS * bytesPerSecond) / 1e9);
  const burstBytes = getU32(options, TCA_TBF_BURST) ?? ofTime;
  return { bytesPerSecond, burstBytes, limitBytes: readU32(qopt, 24) };
}

/** As `tc` has it, in whole microseconds; the kernel goes by TCA_TBF_BURST, which is exact. */
function ticksOf(bytes: number, bytesPerSecond: number): number {
  return Math.floor((Math.floor((bytes * 1e6) / bytesPerSecond) * 1000) / TICK_NS);
}

/** In the words of `tc`, where "bps" are bytes. */
export function tbfTitle({ bytesPerSecond, burstBytes, limitBytes }: TokenBucket): string {
  return `tbf rate ${bytesPerSecond}bps burst ${burstBytes}b limit ${limitBytes}b`;
}
