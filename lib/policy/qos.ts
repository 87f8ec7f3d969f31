/** QOS: how much a port may send and be sent. */

export interface Rate {
  /** Of frames on the port, headers included. */
  readonly bytesPerSecond: number;
  /** What may pass at once after a pause, in bytes; absent: enough for the rate. */
  readonly burstBytes?: number;
}

/** HCN's MaximumOutgoingBandwidthInBytes is `out`; CNI's capability `bandwidth` names both directions. */
export interface Qos {
  readonly kind: "QOS";
  /** From the container. */
  readonly out?: Rate;
  /** Towards the container. */
  readonly in?: Rate;
}

/** A rate as a port holds it, in whole bytes. */
export interface Limit {
  readonly bytesPerSecond: number;
  readonly burstBytes: number;
}

/**
 * A timer that is late by so much costs no throughput: tokens are not lost while the bucket has room. Measured from
 * 1 Mbit/s to 5 Gbit/s, also with the 64 KiB packets of segmentation offload.
 */
const usualBurstMs = 5;
/** Below this the rate is not reached on a busy machine, whoever wished for it. */
const leastBurstMs = 1;
/**
 * Runtimes send bursts of 2^31 bits and more and mean "enough": so much would pass without a limit first, which at
 * 10 Mbit/s are minutes. With this the first second has 2.5 % more than each later one.
 */
const mostBurstMs = 25;
/** A kernel counts it in 32 bits. */
const mostBurstBytes = 0xffff_ffff;
/** 8 Tbit/s: no port carries it, so there is nothing to limit. */
const unlimited = 1e12;
/** A frame that is larger than the bucket never passes; of two, one may wait while the other is sent. */
const leastBurstFrames = 2;

/**
 * The limit of a direction; where several policies name one, the lowest.
 *
 * @param frameBytes largest frame of the port, with its header
 * @returns undefined where nothing is limited
 */
export function limitOf(
  policies: readonly Qos[],
  direction: "in" | "out",
  frameBytes: number,
): Limit | undefined {
  const rates = policies.flatMap((policy) => policy[direction] ?? []);
  const [rate] = rates.toSorted((a, b) => a.bytesPerSecond - b.bytesPerSecond);
  if (rate === undefined || rate.bytesPerSecond >= unlimited) return undefined;
  const bytesPerSecond = Math.max(1, Math.round(rate.bytesPerSecond));
  const bytesIn = (ms: number): number => Math.ceil((bytesPerSecond * ms) / 1000);
  const least = Math.max(bytesIn(leastBurstMs), leastBurstFrames * frameBytes);
  const wished = Math.round(rate.burstBytes ?? bytesIn(usualBurstMs));
  const burstBytes = Math.max(least, Math.min(wished, bytesIn(mostBurstMs)));
  return { bytesPerSecond, burstBytes: Math.min(burstBytes, mostBurstBytes) };
}
