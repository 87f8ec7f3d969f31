import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import { portMac } from "../../../lib/model/plan.ts";
import { resultOf } from "../../../lib/verbs/result.ts";
import { type NatCase, natPlan } from "../../plugins/nat/fixture.ts";
import { guestPlan } from "../../plugins/nat/guest.ts";
import { guestOnLan } from "../../plugins/transparent/guest.ts";

const result = (one: NatCase) => resultOf(natPlan(one), {});

describe("the result of a plan", () => {
  it("names switch, port and vNIC, and whose compartment the vNIC is in", () => {
    const plan = natPlan({ config: { mtu: 1400 }, ips: ["10.88.0.5/16"] });
    expect(resultOf(plan, {}).interfaces).toEqual([
      { name: "vsw-net", mac: plan.switch.mac, mtu: 1400 },
      { name: plan.port.name, mac: portMac(plan.key), mtu: 1400 },
      { name: "eth0", mac: plan.vnic.mac, mtu: 1400, sandbox: "/run/netns/c1" },
    ]);
  });

  it("has every address on the vNIC, each with the gateway of its subnet", () => {
    expect(result({ ips: ["10.88.0.5/16 10.88.0.1", "fd00::5/64 fd00::1", "10.99.0.5/24"] }).ips).toEqual([
      { address: "10.88.0.5/16", interface: 2, gateway: "10.88.0.1" },
      { address: "fd00::5/64", interface: 2, gateway: "fd00::1" },
      { address: "10.99.0.5/24", interface: 2, gateway: "10.99.0.1" },
    ]);
  });

  it("names the gateway that the routes go by where the switch has several in one subnet", () => {
    const first = natPlan({ ips: ["10.88.0.5/16 10.88.0.1"] });
    const second = natPlan({
      owner: { containerId: "c2" },
      ips: ["10.88.0.6/16 10.88.0.9"],
      over: { switch: first.switch },
    });
    expect(second.switch.gateways).toEqual(["10.88.0.1/16", "10.88.0.9/16"]);
    expect(resultOf(second, {}).ips[0]?.gateway).toBe("10.88.0.9");
  });

  it("has every route with all that is known of it", () => {
    const routes = [
      { dst: prefix("10.1.0.0/16"), gw: ip("10.88.0.9"), mtu: 1300, advmss: 1260, table: 100, priority: 7 },
      { dst: prefix("10.2.0.0/16"), scope: 253 },
    ];
    expect(result({ ips: ["10.88.0.5/16"], routes }).routes).toEqual([
      ...routes,
      { dst: "0.0.0.0/0", gw: "10.88.0.1" },
    ]);
  });

  it("hands the DNS on", () => {
    const dns = { nameservers: ["192.0.2.53"], search: ["example"] };
    expect(resultOf(natPlan({ ips: ["10.88.0.5/16"] }), dns).dns).toEqual(dns);
  });
});

describe("the result of a guest's plan", () => {
  const ips = ["10.88.0.5/16 10.88.0.1", "fd00::5/64 fd00::1"];
  const sandbox = "/run/netns/c1";

  it("tells switch, port, and of the two links in the compartment first the one that runtimes look for", () => {
    for (const [config, beside] of [
      [{}, "vj-26026bd18b7c"],
      [{ tapName: "tap0" }, "tap0"],
    ] as const) {
      const plan = guestPlan(config, { ips });
      const { mac, mtu } = plan.vnic;
      expect(resultOf(plan, {}).interfaces).toEqual([
        { name: "vsw-net", mac: plan.switch.mac, mtu },
        { name: plan.port.name, mac: portMac(plan.key), mtu },
        { name: "eth0", mac, mtu, sandbox },
        { name: beside, mac, mtu, sandbox },
      ]);
      expect(resultOf(plan, {}).ips.map((entry) => entry.interface)).toEqual([2, 2]);
    }
  });

  it("tells a tap that is the port once, with the guest's MAC, and without a compartment", () => {
    const plan = guestPlan({ vmNicAttach: "switch", tapName: "tap0" }, { ips });
    expect(resultOf(plan, {})).toMatchObject({
      interfaces: [
        { name: "vsw-net", mac: plan.switch.mac, mtu: 1500 },
        { name: "tap0", mac: plan.vnic.mac, mtu: 1500 },
      ],
      ips: [
        { address: "10.88.0.5/16", interface: 1, gateway: "10.88.0.1" },
        { address: "fd00::5/64", interface: 1, gateway: "fd00::1" },
      ],
    });
    expect(resultOf(plan, {}).interfaces[1]).not.toHaveProperty("sandbox");
  });

  it("tells addresses, routes and DNS as a process's does: the guest has nobody else to tell it", () => {
    const dns = { nameservers: ["192.0.2.53"] };
    const process = resultOf(natPlan({ ips }), dns);
    const guest = resultOf(guestPlan({}, { ips }), dns);
    expect({ ...guest, interfaces: [] }).toEqual({ ...process, interfaces: [] });
  });

  it("tells of a macvlan what is in the compartment alone", () => {
    const { interfaces, ips: found } = resultOf(guestOnLan(), {});
    expect(interfaces.map(({ name }) => name)).toEqual(["eth0", "vj-9d2fd159c6a8"]);
    expect(found.map((entry) => entry.interface)).toEqual([0, 0]);
  });
});
