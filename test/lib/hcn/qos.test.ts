import { describe, expect, it } from "vitest";
import type { Bandwidth } from "../../../lib/cni/bandwidth.ts";
import { bandwidthQos, strictest } from "../../../lib/hcn/qos.ts";
import type { Qos } from "../../../lib/policy/qos.ts";
import { policies, policy, portConfig, refusal } from "./fixture.ts";

const qos = (MaximumOutgoingBandwidthInBytes: unknown) => policy("QOS", { MaximumOutgoingBandwidthInBytes });
const out = (bytesPerSecond: number): Qos => ({ kind: "QOS", out: { bytesPerSecond } });

describe("a QOS", () => {
  it("limits what the container sends, in bytes per second", () => {
    expect(policies(qos(1_250_000)).qos).toEqual([out(1_250_000)]);
    expect(policies(qos(1)).qos).toEqual([out(1)]);
  });

  it("limits nothing with 0, and as good as nothing with all 64 bits", () => {
    expect(policies(qos(0)).qos).toEqual([]);
    expect(policies(qos(2 ** 64)).qos).toEqual([out(Number.MAX_SAFE_INTEGER)]);
  });

  it.each([[undefined], ["1000"], [-1], [1.5], [1e300], [{}]])("is error 7 with %j", (value) => {
    const error = refusal(() => policies(qos(value)));
    expect(error).toMatchObject({ code: 7 });
    expect(error.message).toContain(
      "policies[0].Settings.MaximumOutgoingBandwidthInBytes: expected bytes per second, 0 for no limit",
    );
  });

  it("is error 2 with another field", () => {
    const error = refusal(() => policies(policy("QOS", { MaximumBandwidth: 5 })));
    expect(error.message).toBe("policies[0].Settings.MaximumBandwidth: 5 is not supported");
    expect(error.details).toContain("QOS takes MaximumOutgoingBandwidthInBytes");
  });
});

describe("the capability bandwidth", () => {
  it.each<[Bandwidth, Omit<Qos, "kind">]>([
    [{ egress: { bitsPerSecond: 8000 } }, { out: { bytesPerSecond: 1000 } }],
    [{ ingress: { bitsPerSecond: 8000 } }, { in: { bytesPerSecond: 1000 } }],
    [
      { ingress: { bitsPerSecond: 8001, burstBits: 81 }, egress: { bitsPerSecond: 7, burstBits: 1 } },
      { in: { bytesPerSecond: 1000, burstBytes: 11 }, out: { bytesPerSecond: 1, burstBytes: 1 } },
    ],
  ])("counts in bits, its ingress towards the container: %j", (bandwidth, expected) => {
    expect(bandwidthQos(bandwidth)).toEqual({ kind: "QOS", ...expected });
  });
});

describe("of several limits", () => {
  it("the lowest of each direction holds, with its burst", () => {
    const fast: Qos = { kind: "QOS", out: { bytesPerSecond: 9, burstBytes: 1 }, in: { bytesPerSecond: 5 } };
    const slow: Qos = { kind: "QOS", out: { bytesPerSecond: 3, burstBytes: 7 } };
    expect(strictest([fast, slow])).toEqual({
      kind: "QOS",
      out: { bytesPerSecond: 3, burstBytes: 7 },
      in: { bytesPerSecond: 5 },
    });
    expect(strictest([])).toBeUndefined();
    expect(strictest([{ kind: "QOS" }])).toBeUndefined();
  });

  it.each([
    [1000, 4000, 500],
    [1000, 16_000, 1000],
  ])("QOS says %d bytes and bandwidth %d bits: %d bytes hold", (bytes, bitsPerSecond, expected) => {
    const read = portConfig(
      { policies: [qos(bytes), qos(5000)] },
      { bandwidth: { egress: { bitsPerSecond } } },
    );
    expect(read.qos).toEqual(out(expected));
  });

  it("one direction of each makes both", () => {
    const bandwidth = { ingress: { bitsPerSecond: 80 } };
    expect(portConfig({ policies: [qos(1000)] }, { bandwidth }).qos).toEqual({
      kind: "QOS",
      out: { bytesPerSecond: 1000 },
      in: { bytesPerSecond: 10 },
    });
  });
});
