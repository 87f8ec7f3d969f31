import { describe, expect, it } from "vitest";
import { diff } from "../../../lib/model/diff.ts";
import type { EndpointFacts, LimitFacts } from "../../../lib/model/facts.ts";
import { limitsOf } from "../../../lib/model/limits.ts";
import { natPlan } from "../../plugins/nat/fixture.ts";

const bandwidth = { ingress: { bitsPerSecond: 1e8 }, egress: { bitsPerSecond: 8e6 } };
const plan = natPlan({ ips: ["10.88.0.5/16"], asked: { bandwidth } });
const { port } = plan;
const into = { bytesPerSecond: 12_500_000, burstBytes: 62_500 };
const out = { bytesPerSecond: 1_000_000, burstBytes: 5000 };
const limiter = { name: "vq-1", up: true, inUse: true, out };

/** What differs of the limits of a port that is there. */
function found(limits: LimitFacts): readonly string[] {
  const facts = {
    port: { up: true, mtu: 1500, isolated: false },
    limits,
    missing: [],
  } satisfies EndpointFacts;
  return diff(plan, facts)
    .filter(({ what }) => /limit|vq-/.test(what))
    .map((one) => `${one.what}: ${one.expected}, ${one.found}`);
}

describe("the limits of a port", () => {
  it("are what its policies come to", () => {
    expect(limitsOf(plan)).toEqual({ in: into, out });
    expect(limitsOf(natPlan({ ips: ["10.88.0.5/16"] }))).toEqual({});
  });

  it("leave room for the largest frame of the port, also where the vNIC's are smaller", () => {
    const slow = natPlan({
      ips: ["10.88.0.5/16"],
      asked: { bandwidth: { egress: { bitsPerSecond: 8000 } } },
    });
    const small = { ...slow, vnic: { ...slow.vnic, mtu: 1300 } };
    expect(limitsOf(small).out?.burstBytes).toBe(2 * (1500 + 18));
  });
});

describe("the difference of limits", () => {
  it("is none where they are as planned, and where the kernel rounded the burst", () => {
    expect(found({ in: into, limiter })).toEqual([]);
    expect(found({ in: { ...into, burstBytes: 62_496 }, limiter })).toEqual([]);
  });

  it("names each with what was found", () => {
    const eth0 = `eth0 at port ${port.name}`;
    expect(found({})).toEqual([
      `limit towards ${eth0}: 12500000 bytes/s with a burst of 62500, nothing`,
      `limit from ${eth0}: 1000000 bytes/s with a burst of 5000, nothing`,
    ]);
    const other = { bytesPerSecond: 999, burstBytes: 5000 };
    expect(found({ in: { ...into, burstBytes: 1e6 }, limiter: { ...limiter, out: other } })).toEqual([
      `limit towards ${eth0}: 12500000 bytes/s with a burst of 62500, 12500000 bytes/s with a burst of 1000000`,
      `limit from ${eth0}: 1000000 bytes/s with a burst of 5000, 999 bytes/s with a burst of 5000`,
    ]);
    expect(found({ in: into, limiter: { ...limiter, up: false, inUse: false } })).toEqual([
      "state of vq-1: up, down",
      `way of port ${port.name} through vq-1: present, absent`,
    ]);
  });

  it("is nobody's where the port is gone", () => {
    expect(diff(plan, { missing: [] }).map(({ what }) => what)).not.toContainEqual(
      expect.stringContaining("limit"),
    );
  });
});
