import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { mac } from "../../../lib/addr/mac.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import { diff, formatRoute } from "../../../lib/model/diff.ts";
import type { EndpointFacts } from "../../../lib/model/facts.ts";
import type { Vnic } from "../../../lib/model/vnic.ts";
import { natPlan } from "../../plugins/nat/fixture.ts";

const plan = natPlan({
  ips: ["10.88.0.5/16 10.88.0.1", "fd00::5/64 fd00::1"],
  routes: [{ dst: prefix("10.1.0.0/16"), gw: ip("10.88.0.9"), table: 100, priority: 7 }],
});
const { switch: vswitch, port, vnic } = plan;
const other = mac("02:00:00:00:00:99");

/** As the kernel shows what the plan says: with the metrics that it fills in. */
const seen = {
  up: true,
  mac: vnic.mac,
  mtu: vnic.mtu,
  addresses: vnic.addresses,
  routes: vnic.routes.map((route) => ({ priority: 0, table: 254, ...route })),
};
const facts = {
  switch: { up: true, mac: vswitch.mac, mtu: vswitch.mtu, addresses: vswitch.gateways },
  port: { up: true, mtu: vnic.mtu, switch: vswitch.name, isolated: false },
  compartment: { vnic: seen },
  missing: [],
} satisfies EndpointFacts;

const withVnic = (over: Partial<typeof seen>): EndpointFacts => ({
  ...facts,
  compartment: { vnic: { ...seen, ...over } },
});
const without = (key: "switch" | "port" | "compartment"): EndpointFacts => {
  const { [key]: _, ...rest } = facts;
  return rest as EndpointFacts;
};

/** The facts where it is otherwise, or why nothing is compared: a new field of a vNIC must take its place here. */
const fieldsOfVnic = {
  type: "another kind of link is not the vNIC",
  name: "it is looked for by it",
  mac: withVnic({ mac: other }),
  mtu: withVnic({ mtu: 1280 }),
  addresses: withVnic({ addresses: [] }),
  routes: withVnic({ routes: [] }),
  offLink: "the routes are compared that it forbids",
  autoconf: "routers say how long the kernel keeps them",
  gateways: "told to the runtime, set nowhere",
  probeMs: "over when the vNIC has its addresses",
} satisfies Record<keyof Vnic, EndpointFacts | string>;

describe("the difference between a plan and the facts", () => {
  it.each(
    Object.entries(fieldsOfVnic).filter(
      (entry): entry is [string, EndpointFacts] => typeof entry[1] !== "string",
    ),
  )("names a vNIC whose %s is another", (_, found) => {
    expect(diff(plan, found)).not.toEqual([]);
  });

  it("does not hold an MTU that a later plugin gave the vNIC against the port", () => {
    const lowered = { ...plan, vnic: { ...vnic, mtu: 1300 } };
    expect(diff(lowered, withVnic({ mtu: 1300 }))).toEqual([]);
    expect(diff(lowered, facts)).toMatchObject([{ what: expect.stringContaining("MTU of eth0") }]);
  });

  it("is nothing when all is as planned", () => {
    expect(diff(plan, facts)).toEqual([]);
  });

  it("is an isolated switch's port that is not isolated", () => {
    const isolated = { ...plan, switch: { ...vswitch, isolated: true } } as const;
    expect(diff(isolated, facts)).toEqual([
      { what: `isolation of port ${port.name}`, expected: "on", found: "off" },
    ]);
    expect(diff(isolated, { ...facts, port: { ...facts.port, isolated: true } })).toEqual([]);
  });

  it("does not name what others have added", () => {
    const addresses = [prefix("192.0.2.9/24"), ...vnic.addresses, prefix("fe80::1/64")];
    const routes = [...seen.routes, { destination: prefix("192.0.2.0/24"), priority: 0, table: 254 }];
    const more = {
      ...withVnic({ addresses, routes }),
      switch: { ...facts.switch, addresses: [...vswitch.gateways, prefix("fe80::2/64")] },
    };
    expect(diff(plan, more)).toEqual([]);
  });

  it.each<[string, EndpointFacts, string, string, string]>([
    ["the switch", without("switch"), "switch vsw-net", "present", "absent"],
    [
      "the state of the switch",
      { ...facts, switch: { ...facts.switch, up: false } },
      "state of switch vsw-net",
      "up",
      "down",
    ],
    [
      "a gateway",
      { ...facts, switch: { ...facts.switch, addresses: [prefix("10.88.0.1/16")] } },
      "address fd00::1/64 of switch vsw-net",
      "present",
      "absent",
    ],
    ["the port", without("port"), `port ${port.name}`, "present", "absent"],
    [
      "the switch of the port",
      { ...facts, port: { ...facts.port, switch: "br0" } },
      `switch of port ${port.name}`,
      "vsw-net",
      "br0",
    ],
    [
      "a port on no switch",
      { ...facts, port: { up: true, mtu: 1500, isolated: false } },
      `switch of port ${port.name}`,
      "vsw-net",
      "nothing",
    ],
    [
      "the state of the port",
      { ...facts, port: { ...facts.port, up: false } },
      `state of port ${port.name}`,
      "up",
      "down",
    ],
    [
      "an isolation that nobody wants",
      { ...facts, port: { ...facts.port, isolated: true } },
      `isolation of port ${port.name}`,
      "off",
      "on",
    ],
    [
      "the MTU of the port",
      { ...facts, port: { ...facts.port, mtu: 1400 } },
      `MTU of port ${port.name}`,
      "1500",
      "1400",
    ],
    ["the compartment", without("compartment"), "compartment /run/netns/c1", "present", "absent"],
    ["the interface", { ...facts, compartment: {} }, "interface eth0 in /run/netns/c1", "present", "absent"],
    ["the interface's state", withVnic({ up: false }), "state of eth0", "up", "down"],
    ["its MAC", withVnic({ mac: other }), "MAC of eth0", vnic.mac, other],
    ["its MTU", withVnic({ mtu: 9000 }), "MTU of eth0", "1500", "9000"],
    [
      "an address",
      withVnic({ addresses: [prefix("10.88.0.5/16")] }),
      "address fd00::5/64 of eth0",
      "present",
      "absent",
    ],
    [
      "the length of an address",
      withVnic({ addresses: [prefix("10.88.0.5/24"), prefix("fd00::5/64")] }),
      "address 10.88.0.5/16 of eth0",
      "present",
      "absent",
    ],
    [
      "a route",
      withVnic({ routes: seen.routes.filter((route) => route.destination !== "0.0.0.0/0") }),
      "route 0.0.0.0/0 via 10.88.0.1 of eth0",
      "present",
      "absent",
    ],
    [
      "the metric of a route",
      withVnic({
        routes: seen.routes.map((route) => ({ ...route, priority: route.priority === 7 ? 8 : 0 })),
      }),
      "route 10.1.0.0/16 via 10.88.0.9 table 100 metric 7 of eth0",
      "present",
      "absent",
    ],
    [
      "the table of a route",
      withVnic({ routes: seen.routes.map((route) => ({ ...route, table: 254 })) }),
      "route 10.1.0.0/16 via 10.88.0.9 table 100 metric 7 of eth0",
      "present",
      "absent",
    ],
    [
      "the gateway of a route",
      withVnic({
        routes: seen.routes.map((route) =>
          route.destination === "::/0" ? { ...route, gateway: ip("fd00::9") } : route,
        ),
      }),
      "route ::/0 via fd00::1 of eth0",
      "present",
      "absent",
    ],
    [
      "an entry of the data path",
      { ...facts, missing: ["IPv4 forwarding of the host"] },
      "IPv4 forwarding of the host",
      "present",
      "absent",
    ],
  ])("names %s", (_, found, what, expected, was) => {
    expect(diff(plan, found)).toEqual([{ what, expected, found: was }]);
  });

  it("names everything that differs, not only the first thing", () => {
    const all = diff(plan, { missing: ["published port"] });
    expect(all.map(({ what }) => what)).toEqual([
      "switch vsw-net",
      `port ${port.name}`,
      "compartment /run/netns/c1",
      "published port",
    ]);
  });

  it("cannot tell the routes apart by what the plan leaves open", () => {
    const routes = seen.routes.map((route) => (route.table === 100 ? route : { ...route, priority: 1024 }));
    expect(diff(plan, withVnic({ routes }))).toEqual([]);
  });
});

it("a route reads as `ip route` prints it", () => {
  expect(formatRoute({ destination: prefix("10.0.0.0/8") })).toBe("10.0.0.0/8");
  const whole = { destination: prefix("10.0.0.0/8"), gateway: ip("10.0.0.1"), table: 7, priority: 0 };
  expect(formatRoute(whole)).toBe("10.0.0.0/8 via 10.0.0.1 table 7 metric 0");
});
