import { expect, test } from "vitest";
import type { EndpointFacts } from "../../../lib/model/facts.ts";
import { beyondRepair } from "../../../lib/model/repair.ts";
import { linkName } from "../../../lib/model/vm-nic.ts";
import { natPlan } from "../../plugins/nat/fixture.ts";
import { guestFacts, guestPlan } from "../../plugins/nat/guest.ts";
import { guestOnLan } from "../../plugins/transparent/guest.ts";
import { lan, vnicOnLan } from "./path/scene.ts";

const plan = natPlan({ ips: ["10.88.0.5/16"] });
const port = { up: true, mtu: 1500, switch: plan.switch.name, isolated: false };
const vnic = { up: false, mtu: 1500, addresses: [], routes: [] };

test.each([
  ["a compartment that is gone", { missing: [] }, "vswitch gc"],
  ["an interface that is gone", { port, compartment: {}, missing: [] }, "restart the container"],
  ["another interface by its name", { compartment: { vnic }, missing: [] }, "restart the container"],
])("%s cannot be mended, and what helps is said", (_, facts, remedy) => {
  expect(beyondRepair(plan, facts)?.remedy).toContain(remedy);
});

test("an endpoint whose port and interface are there can be mended, whatever they are like", () => {
  expect(
    beyondRepair(plan, { port: { ...port, up: false }, compartment: { vnic }, missing: ["all"] }),
  ).toBeUndefined();
});

const hanging = vnicOnLan(lan("lan"), "tv", ["192.0.2.100/24"]);
const lower = { up: true, mtu: 1500, addresses: [] };

test.each([
  ["is down", { switch: { ...lower, up: false }, compartment: { vnic } }, "ip link set dev eth0 up"],
  ["has become narrower", { switch: { ...lower, mtu: 1400 }, compartment: { vnic } }, "mtu 1500"],
  ["is gone, and the interface with it", { compartment: {} }, "bring that back and restart the container"],
])("a vNIC whose uplink %s is for its operator to mend", (_, facts, remedy) => {
  expect(beyondRepair(hanging, { ...facts, missing: [] })?.remedy).toContain(remedy);
});

test("a vNIC that hangs on an uplink has no port to miss", () => {
  expect(beyondRepair(hanging, { switch: lower, compartment: { vnic }, missing: [] })).toBeUndefined();
});

const inside = guestPlan({ owner: 107, group: 36 });
const onSwitch = guestPlan({ vmNicAttach: "switch", tapName: "tap0", owner: 107 });
const link = linkName(inside);
const { tap: _, ...withoutTap } = guestFacts(inside);
const { port: __, ...withoutPort } = guestFacts(inside);
const { tap: ___, port: ____, ...withoutTapPort } = guestFacts(onSwitch);
const withTap = (guest: typeof inside, over: Partial<EndpointFacts["tap"]>): EndpointFacts => {
  const seen = guestFacts(guest);
  return { ...seen, tap: { ...seen.tap, ...over } };
};

test.each<[string, typeof inside, EndpointFacts, string]>([
  ["that is gone", inside, withoutTap, "its tap eth0 is gone from /run/netns/c1"],
  ["that is gone from the host", onSwitch, withoutTapPort, "its tap tap0 is gone"],
  [
    "of another user",
    inside,
    withTap(inside, { owner: 0 }),
    "the tap eth0 is another one: owner, group or queues differ",
  ],
  [
    "of another group",
    inside,
    withTap(inside, { group: 1 }),
    "the tap eth0 is another one: owner, group or queues differ",
  ],
  [
    "for several",
    inside,
    withTap(inside, { multiQueue: true }),
    "the tap eth0 is another one: owner, group or queues differ",
  ],
  [
    "of another user on the host",
    onSwitch,
    withTap(onSwitch, { owner: 0 }),
    "the tap tap0 is another one: owner, group or queues differ",
  ],
  [
    "whose link to the switch is gone",
    inside,
    { ...guestFacts(inside), compartment: {} },
    `its interface ${link} is gone from /run/netns/c1`,
  ],
  [
    "whose link leads to nothing",
    inside,
    withoutPort,
    `its port ${inside.port.name} is gone although ${link} is there: that is another interface`,
  ],
])("a tap %s cannot be mended, which would be another one to its monitor", (_title, guest, facts, why) => {
  expect(beyondRepair(guest, facts)).toEqual({
    why,
    remedy: "restart the container: only the runtime can attach it again",
  });
});

test("a tap can be mended while its compartment and itself are there, whatever else they are like", () => {
  const joined = { towardsGuest: false, fromGuest: false };
  for (const guest of [inside, onSwitch])
    expect(beyondRepair(guest, withTap(guest, { up: false, mtu: 68, joined }))).toBeUndefined();
  const { compartment: _gone, ...gone } = guestFacts(onSwitch);
  expect(beyondRepair(onSwitch, gone)?.remedy).toContain("vswitch gc");
});

test("a tap behind a macvlan whose uplink is gone or down waits for that", () => {
  const guest = guestOnLan();
  const seen = guestFacts(guest);
  expect(beyondRepair(guest, seen)).toBeUndefined();
  const down = { ...seen, switch: { up: false, mtu: 1500, addresses: [] } };
  expect(beyondRepair(guest, down)?.remedy).toBe("ip link set dev eth0 up");
  const { switch: _uplink, ...gone } = { ...seen, compartment: {} };
  expect(beyondRepair(guest, gone)).toMatchObject({
    why: `its interface ${linkName(guest)} is gone from /run/netns/c1`,
    remedy: expect.stringContaining("its uplink eth0 is gone too"),
  });
});
