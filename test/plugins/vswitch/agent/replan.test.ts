import { describe, expect, it } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type { Plan } from "../../../../lib/model/plan.ts";
import type { LeaseSettings } from "../../../../lib/seam/dhcp-backend.ts";
import { replan } from "../../../../plugins/vswitch/agent/dhcp/replan.ts";

const lease = (number: number): LeaseSettings => ({
  address: prefix(`10.9.${number}.10/24`),
  routes: [{ destination: prefix("0.0.0.0/0"), gateway: ip(`10.9.${number}.1`) }],
});
const other = { destination: prefix("10.5.0.0/16"), gateway: ip("10.7.0.1") };
const plan = {
  switch: { mtu: 1500 },
  vnic: {
    mtu: 1500,
    addresses: [prefix("10.9.1.10/24"), prefix("fd09::1/64")],
    routes: [{ ...lease(1).routes[0], priority: 1000 }, other],
  },
  port: {
    policies: [
      {
        kind: "Guard",
        mac: mac("02:00:00:00:00:02"),
        addresses: [ip("10.9.1.10"), ip("fe80::1")],
        allow: [],
      },
    ],
  },
} as unknown as Plan;

describe("a plan whose lease changed", () => {
  it("has the new address and routes in the place of the old ones, with their metric, and the guard knows", () => {
    const { vnic, port } = replan(plan, lease(1), { ...lease(2), mtu: 1400 });
    expect(vnic).toEqual({
      mtu: 1400,
      addresses: ["10.9.2.10/24", "fd09::1/64"],
      routes: [{ destination: "0.0.0.0/0", gateway: "10.9.2.1", priority: 1000 }, other],
    });
    expect(port.policies).toMatchObject([{ addresses: ["10.9.2.10", "fe80::1"] }]);
  });

  it("has an MTU that the server says anew, as far as the switch carries it", () => {
    const mtuOf = (before: number | undefined, after: number) =>
      replan(plan, { ...lease(1), ...(before && { mtu: before }) }, { ...lease(1), mtu: after }).vnic.mtu;
    expect([mtuOf(undefined, 1400), mtuOf(1500, 9000), mtuOf(1400, 1400)]).toEqual([1400, 1500, 1500]);
  });

  it("has neither while there is none, and gets them again", () => {
    const without = replan(plan, lease(1), undefined);
    expect(without.vnic).toMatchObject({ addresses: ["fd09::1/64"], routes: [other] });
    expect(without.port.policies).toMatchObject([{ addresses: ["fe80::1"] }]);
    const again = replan(without, undefined, lease(3));
    expect(again.vnic.addresses).toEqual(["fd09::1/64", "10.9.3.10/24"]);
    expect(again.port.policies).toMatchObject([{ addresses: ["fe80::1", "10.9.3.10"] }]);
    expect(replan(again, undefined, lease(3))).toEqual(again);
  });
});
