import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { configuredSubnets, requireSameNetwork } from "../../../lib/verbs/network-spec.ts";

describe("the subnets of a configuration", () => {
  it.each<[string, JsonObject | undefined, readonly string[]]>([
    ["of no ipam are none", undefined, []],
    ["that names none are none", { type: "ipam" }, []],
    ["are that of host-local's short form", { subnet: "10.0.0.0/8" }, ["10.0.0.0/8"]],
    [
      "are those of every range of every set",
      { ranges: [[{ subnet: "10.0.0.0/24" }, { subnet: "10.0.1.0/24" }], [{ subnet: "fd00::/64" }]] },
      ["10.0.0.0/24", "10.0.1.0/24", "fd00::/64"],
    ],
    ["are both", { subnet: "10.0.0.0/8", ranges: [[{ subnet: "fd00::/64" }]] }, ["10.0.0.0/8", "fd00::/64"]],
    ["leave out what is none", { subnet: 5, ranges: [[{ subnet: null }, 7], "x"] }, []],
  ])("%s", (_, ipam, subnets) => {
    expect(configuredSubnets(ipam)).toEqual(subnets);
  });
});

describe("a network that is in use", () => {
  const known = { type: "nat", ipMasq: "true", mtu: "1400" };

  it("takes a configuration that says the same", () => {
    expect(() => requireSameNetwork("net", known, { ...known })).not.toThrow();
  });

  it.each([
    ["another value", { ...known, mtu: "1500" }, "mtu is 1400 in use, 1500 in the configuration"],
    ["a value more", { ...known, bridge: "br0" }, "bridge is not set in use, br0 in the configuration"],
    ["a value less", { type: "nat", ipMasq: "true" }, "mtu is 1400 in use, not set in the configuration"],
    [
      "several others",
      { ...known, mtu: "1500", ipMasq: "false" },
      "ipMasq is true in use, false in the configuration; mtu is 1400 in use, 1500 in the configuration",
    ],
  ])("refuses %s, with both", (_, wanted, text) => {
    const act = () => requireSameNetwork("net", known, wanted);
    expect(act).toThrow(expect.objectContaining({ code: 108, reason: "network-differs" }));
    expect(act).toThrow(`network net exists with another definition: ${text}`);
  });
});
