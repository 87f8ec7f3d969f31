import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import { portMac } from "../../../lib/model/plan.ts";
import { resultOf } from "../../../lib/verbs/result.ts";
import { type NatCase, natPlan } from "../../plugins/nat/fixture.ts";

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
