/** Capability `bandwidth`: limits per direction (CNI conventions "bandwidth"). */
import { type IssueSink, readObject, report } from "./read.ts";

export interface RateLimit {
  readonly bitsPerSecond: number;
  /** Absent: for the plugin to choose. */
  readonly burstBits?: number;
}

export interface Bandwidth {
  /** Towards the container. */
  readonly ingress?: RateLimit;
  /** Out of the container. */
  readonly egress?: RateLimit;
}

/** The kernel counts a burst in 32 bits of bytes; runtimes send 2^32-1 and eight times that for "no limit". */
export const maxBurstBits: number = 0xffffffff * 8;

/** @returns undefined when no direction is limited: a rate of 0 is none, and so is a burst without a rate */
export function readBandwidth(value: unknown, path: string, issues: IssueSink): Bandwidth | undefined {
  const object = readObject(value, path, issues);
  if (object === undefined) return undefined;
  const count = (key: string) => readCount(object[key], `${path}.${key}`, issues);
  const ingress = limitOf(count("ingressRate"), count("ingressBurst"));
  const egress = limitOf(count("egressRate"), count("egressBurst"));
  if (ingress === undefined && egress === undefined) return undefined;
  return { ...(ingress && { ingress }), ...(egress && { egress }) };
}

function limitOf(bitsPerSecond: number, burstBits: number): RateLimit | undefined {
  if (bitsPerSecond === 0) return undefined;
  return { bitsPerSecond, ...(burstBits > 0 && { burstBits: Math.min(burstBits, maxBurstBits) }) };
}

/** An unsigned 64 bit number of Go, clamped to what a number holds exactly. */
function readCount(value: unknown, path: string, issues: IssueSink): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 2 ** 64) {
    return Math.min(value, Number.MAX_SAFE_INTEGER);
  }
  report(issues, path, "an integer of 0 or more", value);
  return 0;
}
