/** HCN's QOS, and CNI's capability `bandwidth`, which asks for the same: the lower of two limits holds. */
import type { Bandwidth, RateLimit } from "../cni/bandwidth.ts";
import { type Issue, report } from "../cni/read.ts";
import type { Qos, Rate } from "../policy/qos.ts";
import type { RawPolicy } from "./envelope.ts";
import { settingsOf } from "./settings.ts";

const field = "MaximumOutgoingBandwidthInBytes";

/** @returns undefined when it limits nothing */
export function readQos(raw: RawPolicy, issues: Issue[]): Qos | undefined {
  const value = settingsOf(raw, [field])[field];
  // HCN's 64 bits without a sign, of which JSON is exact in the lower 53: more is no limit for any link.
  const isCount = typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 2 ** 64;
  if (!isCount) return report(issues, `${raw.at}.${field}`, "bytes per second, 0 for no limit", value);
  if (value === 0) return undefined;
  return { kind: "QOS", out: { bytesPerSecond: Math.min(value, Number.MAX_SAFE_INTEGER) } };
}

/** CNI counts in bits, and its ingress is towards the container. */
export function bandwidthQos({ ingress, egress }: Bandwidth): Qos {
  return {
    kind: "QOS",
    ...(egress === undefined ? {} : { out: rateOf(egress) }),
    ...(ingress === undefined ? {} : { in: rateOf(ingress) }),
  };
}

/** @returns undefined when there is none at all */
export function strictest(limits: readonly Qos[]): Qos | undefined {
  const out = lowest(limits.flatMap((limit) => limit.out ?? []));
  const into = lowest(limits.flatMap((limit) => limit.in ?? []));
  if (out === undefined && into === undefined) return undefined;
  return { kind: "QOS", ...(out === undefined ? {} : { out }), ...(into === undefined ? {} : { in: into }) };
}

function rateOf({ bitsPerSecond, burstBits }: RateLimit): Rate {
  const bytesPerSecond = Math.max(1, Math.floor(bitsPerSecond / 8));
  return { bytesPerSecond, ...(burstBits === undefined ? {} : { burstBytes: Math.ceil(burstBits / 8) }) };
}

const lowest = (rates: readonly Rate[]): Rate | undefined =>
  rates.toSorted((a, b) => a.bytesPerSecond - b.bytesPerSecond)[0];
