import { beforeAll, describe, expect, test } from "vitest";
import type { HostProbe } from "../../../lib/model/probe.ts";
import { noNamespace, runJson, titled } from "./own-namespace.ts";

describe.skipIf(noNamespace)(titled("what a kernel can do"), () => {
  let out: Record<string, unknown> & { first?: HostProbe } = {};
  beforeAll(() => {
    out = runJson("probe-in-kernel.ts") as typeof out;
  }, 30_000);

  test("is tried, feature by feature; what every network needs is there wherever these tests run", () => {
    const features = out.first?.features ?? [];
    const names = [
      "bridge",
      "veth",
      "nftables inet",
      "nftables bridge",
      "tbf",
      "ifb",
      "tap",
      "macvlan",
      "ipvlan",
      "8021q",
      "vxlan",
      "next hop objects",
    ];
    expect(features.map(({ name }) => name)).toEqual(names);
    const needed = features.filter(({ neededFor }) => neededFor === "every network");
    expect(needed.filter(({ refusal }) => refusal !== undefined)).toEqual([]);
  });

  test("is tried where nothing is left of it", () => {
    expect(out.untouched).toBe(true);
  });

  test("says of our tables whether they are whole, damaged, of another version, or somebody else's", () => {
    expect(out).toMatchObject({
      first: { layout: "absent" },
      whole: "current",
      damaged: "damaged",
      foreign: "foreign",
      older: 1,
    });
  });
});
