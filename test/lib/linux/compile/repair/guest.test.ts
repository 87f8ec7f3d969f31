import { describe, expect, it } from "vitest";
import { mac } from "../../../../../lib/addr/mac.ts";
import { prefix } from "../../../../../lib/addr/prefix.ts";
import { compileRepair } from "../../../../../lib/linux/compile/repair/endpoint.ts";
import type { EndpointFacts, TapFacts } from "../../../../../lib/model/facts.ts";
import type { Plan } from "../../../../../lib/model/plan.ts";
import { beyondRepair } from "../../../../../lib/model/repair.ts";
import { expectApproved } from "../../../../approved.ts";
import { formatSteps } from "../../../../plans/format-steps.ts";
import { guestFacts, guestPlan } from "../../../../plugins/nat/guest.ts";
import { guestOnLan } from "../../../../plugins/transparent/guest.ts";

const inside = guestPlan();
const named = guestPlan({ tapName: "tap0" });
const onSwitch = guestPlan({ vmNicAttach: "switch" });
const onLan = guestOnLan();
const other = mac("02:00:00:00:00:99");
const addresses = [prefix("10.88.0.5/16"), prefix("fd00::5/64")];

function steps(plan: Plan, facts: EndpointFacts): string {
  return formatSteps(
    compileRepair(plan, { facts, missing: [], stale: [], acls: { missing: [], there: [] } }),
  );
}
const withTap = (plan: Plan, over: Partial<TapFacts>): EndpointFacts => {
  const facts = guestFacts(plan);
  return { ...facts, tap: { ...facts.tap, ...over } };
};
function withLink(plan: Plan, over: object): EndpointFacts {
  const facts = guestFacts(plan);
  return { ...facts, compartment: { vnic: { ...facts.tap, routes: [], ...over } } };
}

describe("the steps that mend a guest's NIC", () => {
  it("are none where all is as planned, whatever is beyond what a plan says", () => {
    for (const plan of [inside, named, onSwitch, onLan]) expect(steps(plan, guestFacts(plan))).toBe("");
    // It is not the one that a later plugin set.
    expect(steps(inside, withLink(inside, { mac: other, mtu: 1280 }))).toBe("");
    expect(steps(named, withTap(named, { mac: other, mtu: 1280 }))).toBe("");
  });

  it.each<[string, Plan, EndpointFacts]>([
    ["a tap that is down", inside, withTap(inside, { up: false })],
    ["a tap with another MAC and MTU", inside, withTap(inside, { mac: other, mtu: 1280 })],
    ["a tap with addresses", inside, withTap(inside, { addresses })],
    ["a link that is down", named, withLink(named, { up: false })],
    ["a link with another MAC and MTU", named, withLink(named, { mac: other, mtu: 1280 })],
    ["a link with addresses", named, withLink(named, { addresses })],
    ["the way to the guest", inside, withTap(inside, { joined: { towardsGuest: false, fromGuest: true } })],
    ["the way from the guest", inside, withTap(inside, { joined: { towardsGuest: true, fromGuest: false } })],
    [
      "all of it",
      named,
      {
        ...withLink(named, { up: false, addresses }),
        tap: {
          ...withTap(named, { up: false }).tap,
          joined: { towardsGuest: false, fromGuest: false },
        } as TapFacts,
      },
    ],
    ["a macvlan that is down", onLan, withLink(onLan, { up: false })],
    [
      "a port on the switch",
      onSwitch,
      { ...withTap(onSwitch, { up: false }), port: { up: false, mtu: 1400, switch: "br9", isolated: true } },
    ],
    ["a port on the switch with addresses", onSwitch, withTap(onSwitch, { addresses })],
  ])("are as approved: %s", (name, plan, facts) => {
    expect(beyondRepair(plan, facts)).toBeUndefined();
    expectApproved(`plans/guest/repair-${name.replaceAll(" ", "-")}.txt`, steps(plan, facts));
  });
});
