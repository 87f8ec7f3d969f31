import { expect, test } from "vitest";
import { askedOn } from "../../../lib/model/asked-on.ts";
import {
  firstTapName,
  isVmPlan,
  joinedTap,
  linkName,
  onStack,
  portNameOf,
  portTap,
} from "../../../lib/model/vm-nic.ts";
import { natPlan } from "../../plugins/nat/fixture.ts";
import { guestPlan } from "../../plugins/nat/guest.ts";
import { externalPlan } from "../../plugins/transparent/fixture.ts";
import { guestCase, guestOnLan } from "../../plugins/transparent/guest.ts";

const host = natPlan({ ips: ["10.88.0.5/16"] });
const inside = guestPlan();
const named = guestPlan({ tapName: "tap0" });
const onSwitch = guestPlan({ vmNicAttach: "switch" });
const namedPort = guestPlan({ vmNicAttach: "switch", tapName: "eth0" });
const names = (plan: typeof host) => ({
  link: linkName(plan),
  joined: joinedTap(plan)?.name,
  port: plan.port.name,
  portTap: portTap(plan)?.name,
});
const key = host.key.slice(0, 12);

test("of the two links in a compartment one has the name that runtimes look for", () => {
  expect(names(host)).toEqual({ link: "eth0", port: `vp-${key}` });
  expect(names(inside)).toEqual({ link: `vj-${key}`, joined: "eth0", port: `vp-${key}` });
  expect(names(named)).toEqual({ link: "eth0", joined: "tap0", port: `vp-${key}` });
});

test("a tap that is a port is called as the port, or the port as it", () => {
  expect(names(onSwitch)).toEqual({ link: "eth0", port: `vp-${key}`, portTap: `vp-${key}` });
  expect(names(namedPort)).toEqual({ link: "eth0", port: "eth0", portTap: "eth0" });
  expect(portNameOf(host.key, host.vnic)).toBe(`vp-${key}`);
});

test("no two links of one endpoint have one name, and all fit into what the kernel takes", () => {
  for (const plan of [inside, named, onSwitch, namedPort]) {
    const all = [firstTapName(plan), ...Object.values(names(plan))].flatMap((name) => name ?? []);
    const inCompartment = [linkName(plan), firstTapName(plan), plan.vnic.tap.name];
    expect(new Set(inCompartment).size).toBe(plan === namedPort ? 2 : 3);
    for (const name of all) expect(name.length).toBeLessThanOrEqual(15);
  }
});

test("a compartment's own stack has none of its guest's addresses", () => {
  expect(isVmPlan(host)).toBe(false);
  expect(onStack(host)).toBe(host);
  expect(onStack(inside)).toEqual({
    ...inside,
    vnic: { ...inside.vnic, name: `vj-${key}`, addresses: [], routes: [] },
  });
});

test("the host asks the wire where nobody behind the vNIC could", () => {
  const on = (config: Parameters<typeof guestOnLan>[0]) => askedOn(guestOnLan(config));
  expect(on({ switch: "routed" })).toBe("eth0");
  expect(on({ switch: "routed", vmNicAttach: "switch" })).toBe("eth0");
  expect(on({ switch: "bridge" })).toBeUndefined();
  expect(on({ switch: "bridge", vmNicAttach: "switch" })).toBe("vsw-lan");
  expect(on({})).toBeUndefined();
  const process = { switch: "bridge", vnic: "hostVnic" };
  expect(askedOn(externalPlan({ ...guestCase(process), config: process }))).toBeUndefined();
});
