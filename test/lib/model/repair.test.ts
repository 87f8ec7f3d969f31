import { expect, test } from "vitest";
import { beyondRepair } from "../../../lib/model/repair.ts";
import { natPlan } from "../../plugins/nat/fixture.ts";
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
