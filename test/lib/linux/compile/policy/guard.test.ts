import { describe, expect, it } from "vitest";
import { ip } from "../../../../../lib/addr/ip.ts";
import { mac } from "../../../../../lib/addr/mac.ts";
import { guardElements } from "../../../../../lib/linux/compile/policy/guard.ts";
import type { Plan } from "../../../../../lib/model/plan.ts";
import type { Guard } from "../../../../../lib/policy/guard.ts";
import { natPlan } from "../../../../plugins/nat/fixture.ts";

const guard: Guard = {
  kind: "Guard",
  mac: mac("02:00:00:00:00:05"),
  addresses: [ip("10.88.0.5"), ip("fd00::5"), ip("fe80::ff:fe00:5")],
  allow: [],
};

function elementsOf(guards: readonly Guard[], judged = false): readonly string[] {
  const plan = natPlan({ ips: ["10.88.0.5/16"] });
  const { aclDefault: _, ...port } = plan.port;
  const wanted: Plan = {
    ...plan,
    port: { ...port, name: "vp-1", ...(judged ? { aclDefault: { In: "Block", Out: "Allow" } } : {}) },
  };
  return guardElements(guards, wanted).map(({ set, key, data }) => [set, ...key, ...(data ?? [])].join(" "));
}

describe("the elements of a guarded port", () => {
  it("are its addresses with its MAC, its MAC alone, its counters, and last what makes it guarded", () => {
    expect(elementsOf([guard])).toEqual([
      "dropped_spoofed vp-1",
      "dropped_service vp-1",
      "guard4 vp-1 02:00:00:00:00:05 10.88.0.5",
      "senders4 vp-1 02:00:00:00:00:05 10.88.0.5 goto guard_service4",
      "guard6 vp-1 02:00:00:00:00:05 fd00::5",
      "senders6 vp-1 02:00:00:00:00:05 fd00::5 goto guard_service6",
      "guard6 vp-1 02:00:00:00:00:05 fe80::ff:fe00:5",
      "senders6 vp-1 02:00:00:00:00:05 fe80::ff:fe00:5 goto guard_service6",
      "guard_macs vp-1 02:00:00:00:00:05",
      "guarded vp-1",
    ]);
  });

  it("lead on to its ACLs where it has some", () => {
    const judged = elementsOf([guard], true).filter((text) => text.startsWith("senders"));
    expect(judged).toEqual([
      "senders4 vp-1 02:00:00:00:00:05 10.88.0.5 goto guard_judged4",
      "senders6 vp-1 02:00:00:00:00:05 fd00::5 goto guard_judged6",
      "senders6 vp-1 02:00:00:00:00:05 fe80::ff:fe00:5 goto guard_judged6",
    ]);
  });

  it("name the services that it may be", () => {
    expect(elementsOf([{ ...guard, allow: ["router"] }])).toContain("routers vp-1");
    const both = elementsOf([{ ...guard, allow: ["dhcp-server", "router"] }]);
    expect(both).toEqual(expect.arrayContaining(["dhcp_servers vp-1", "routers vp-1"]));
    expect(elementsOf([guard]).filter((text) => /dhcp|router/.test(text))).toEqual([]);
  });

  it("are none without a guard", () => {
    expect(elementsOf([])).toEqual([]);
  });
});
