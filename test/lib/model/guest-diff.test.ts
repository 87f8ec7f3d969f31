import { describe, expect, it, test } from "vitest";
import { mac } from "../../../lib/addr/mac.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import { diff } from "../../../lib/model/diff.ts";
import type { EndpointFacts, TapFacts } from "../../../lib/model/facts.ts";
import { type Plan, portMac } from "../../../lib/model/plan.ts";
import { linkName } from "../../../lib/model/vm-nic.ts";
import { guestFacts, guestPlan } from "../../plugins/nat/guest.ts";
import { externalPlan } from "../../plugins/transparent/fixture.ts";

const other = mac("02:00:00:00:00:99");
const address = prefix("10.88.0.5/16");

interface Place {
  readonly plan: Plan;
  readonly facts: EndpointFacts & { readonly tap: TapFacts };
}

const place = (config: Parameters<typeof guestPlan>[0]): Place => {
  const plan = guestPlan(config);
  return { plan, facts: guestFacts(plan) };
};

/** The tap is called CNI_IFNAME. */
const inside = place({ owner: 107, group: 36 });
/** The link is. */
const named = place({ tapName: "tap0" });
const onSwitch = place({ vmNicAttach: "switch", tapName: "tap0", owner: 107 });
const link = linkName(inside.plan);

const withTap = ({ facts }: Place, over: Partial<TapFacts>): EndpointFacts => ({
  ...facts,
  tap: { ...facts.tap, ...over },
});
type VnicFacts = NonNullable<NonNullable<EndpointFacts["compartment"]>["vnic"]>;
const withLink = ({ facts }: Place, over: Partial<VnicFacts>): EndpointFacts => ({
  ...facts,
  compartment: { vnic: { ...(facts.compartment?.vnic as VnicFacts), ...over } },
});
const withoutTap = ({ facts: { tap: _, ...rest } }: Place): EndpointFacts => rest;
const guestOnly = "absent: the guest alone has addresses";
const path = "/run/netns/c1";

test.each([
  ["in the compartment", inside],
  ["in the compartment under its own name", named],
  ["on the switch", onSwitch],
])("a tap %s that is as planned differs in nothing", (_, { plan, facts }) => {
  expect(diff(plan, facts)).toEqual([]);
});

test.each<[string, Place, EndpointFacts, string, string, string]>([
  ["no tap", inside, withoutTap(inside), `tap eth0 in ${path}`, "present", "absent"],
  [
    "no link",
    inside,
    { ...inside.facts, compartment: {} },
    `interface ${link} in ${path}`,
    "present",
    "absent",
  ],
  ["a tap that is down", inside, withTap(inside, { up: false }), "state of tap eth0", "up", "down"],
  ["a link that is down", inside, withLink(inside, { up: false }), `state of ${link}`, "up", "down"],
  [
    "a tap with another MAC",
    inside,
    withTap(inside, { mac: other }),
    "MAC of tap eth0",
    inside.plan.vnic.mac,
    other,
  ],
  ["a tap with another MTU", inside, withTap(inside, { mtu: 1280 }), "MTU of tap eth0", "1500", "1280"],
  [
    "a link with another MAC",
    named,
    withLink(named, { mac: other }),
    "MAC of eth0",
    named.plan.vnic.mac,
    other,
  ],
  ["a link with another MTU", named, withLink(named, { mtu: 1280 }), "MTU of eth0", "1500", "1280"],
  ["a tap of another user", inside, withTap(inside, { owner: 1 }), "owner of tap eth0", "107", "1"],
  [
    "a tap that any of its group may open",
    inside,
    withTap(inside, { group: 1 }),
    "group of tap eth0",
    "36",
    "1",
  ],
  [
    "a tap for several",
    inside,
    withTap(inside, { multiQueue: true }),
    "queues of tap eth0",
    "one",
    "several",
  ],
  [
    "a tap of a user that shall be root's",
    named,
    withTap(named, { owner: 7 }),
    "owner of tap tap0",
    "root",
    "7",
  ],
  [
    "a tap of a group that shall have none",
    named,
    withTap(named, { group: 7 }),
    "group of tap tap0",
    "none",
    "7",
  ],
  [
    "a way to the guest that is gone",
    inside,
    withTap(inside, { joined: { towardsGuest: false, fromGuest: true } }),
    `way from ${link} to tap eth0`,
    "present",
    "absent",
  ],
  [
    "a way from the guest that is gone",
    named,
    withTap(named, { joined: { towardsGuest: true, fromGuest: false } }),
    "way from tap tap0 to eth0",
    "present",
    "absent",
  ],
  [
    "an address on the tap",
    inside,
    withTap(inside, { addresses: [address] }),
    `address ${address} of tap eth0`,
    guestOnly,
    "present",
  ],
  [
    "an address on the link",
    named,
    withLink(named, { addresses: [address] }),
    `address ${address} of eth0`,
    guestOnly,
    "present",
  ],
  ["no tap on the switch", onSwitch, withoutTap(onSwitch), "tap tap0", "present", "absent"],
  ["a port that is down", onSwitch, withTap(onSwitch, { up: false }), "state of tap tap0", "up", "down"],
  ["a port of another user", onSwitch, withTap(onSwitch, { owner: 0 }), "owner of tap tap0", "107", "0"],
  [
    "a port for several",
    onSwitch,
    withTap(onSwitch, { multiQueue: true }),
    "queues of tap tap0",
    "one",
    "several",
  ],
  [
    "an address on the port",
    onSwitch,
    withTap(onSwitch, { addresses: [address] }),
    `address ${address} of tap tap0`,
    guestOnly,
    "present",
  ],
])("%s is the only difference", (_, { plan }, facts, what, expected, found) => {
  expect(diff(plan, facts)).toEqual([{ what, expected, found }]);
});

describe("what differs of a guest's NIC", () => {
  it("is not what a later plugin may have set of the link that does not bear CNI_IFNAME", () => {
    expect(diff(inside.plan, withLink(inside, { mac: other, mtu: 1280 }))).toEqual([]);
    expect(diff(named.plan, withTap(named, { mac: other, mtu: 1280 }))).toEqual([]);
  });

  it("is the MAC of a port, by which whoever has the tap open would take what is for others", () => {
    expect(diff(onSwitch.plan, withTap(onSwitch, { mac: other }))).toEqual([
      { what: "MAC of tap tap0", expected: portMac(onSwitch.plan.key), found: other },
    ]);
  });

  it("is the compartment alone where that is gone, and nothing where the tap is on the host", () => {
    const { compartment: _, tap: __, ...facts } = inside.facts;
    expect(diff(inside.plan, facts)).toEqual([
      { what: `compartment ${path}`, expected: "present", found: "absent" },
    ]);
    const { compartment: ___, ...others } = onSwitch.facts;
    expect(diff(onSwitch.plan, others)).toEqual([]);
  });

  it("is the port of its switch, as of any other", () => {
    const { port } = onSwitch.facts;
    const moved = {
      ...onSwitch.facts,
      port: { up: true, mtu: 1500, isolated: false, ...port, switch: "br9" },
    };
    expect(diff(onSwitch.plan, moved)).toMatchObject([{ what: "switch of port tap0", found: "br9" }]);
  });

  it("is the same behind a macvlan", () => {
    const plan = externalPlan({ config: { vnic: "vmNic" }, ips: ["192.0.2.100/24"] });
    const facts = guestFacts(plan);
    expect(diff(plan, facts)).toEqual([]);
    expect(diff(plan, { ...facts, tap: { ...facts.tap, addresses: [address] } })).toHaveLength(1);
    expect(diff(plan, withLink({ plan, facts }, { up: false }))).toHaveLength(1);
  });
});
