import { describe, expect, it } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type { EndpointFacts } from "../../../../lib/model/facts.ts";
import type { Plan } from "../../../../lib/model/plan.ts";
import type { SceneHost } from "../../../../lib/model/scene.ts";
import { formatEntries } from "../../../../plugins/vswitch/live/format-entries.ts";
import { kernelEntries } from "../../../../plugins/vswitch/live/kernel-entries.ts";
import { a } from "../../../lib/model/live/fixture.ts";

const host: SceneHost = {
  interfaces: [],
  routes: [],
  neighbours: [],
  forwarding: { 4: true, 6: true },
  foreign: [],
};

/** As planned, with the routes that the kernel makes by itself. */
const facts: EndpointFacts = {
  switch: { up: true, mac: a.switch.mac, mtu: 1500, addresses: a.switch.gateways },
  port: { up: true, mtu: 1500, switch: "vsw-nat", isolated: false },
  compartment: {
    vnic: {
      up: true,
      mac: a.vnic.mac,
      mtu: 1500,
      addresses: [...a.vnic.addresses, prefix("fe80::1/64")],
      routes: [
        ...a.vnic.routes,
        { destination: prefix("10.61.0.0/24"), table: 254 },
        { destination: prefix("10.61.0.2/32"), table: 255 },
        { destination: prefix("fe80::/64"), table: 254 },
      ],
    },
  },
  missing: [],
};
const vnicWith = (
  change: Partial<NonNullable<NonNullable<EndpointFacts["compartment"]>["vnic"]>>,
): EndpointFacts => {
  const vnic = facts.compartment?.vnic;
  if (vnic === undefined) throw new Error("the fixture has a vNIC");
  return { ...facts, compartment: { vnic: { ...vnic, ...change } } };
};
const told = (found: EndpointFacts, extra: readonly string[] = [], on = host, plan: Plan = a) =>
  kernelEntries(plan, found, extra, on).map(({ kind, what }) => `${kind}: ${what}`);

describe("entries of the model", () => {
  it("that are in the kernel as planned are not told", () => {
    expect(told(facts)).toEqual([]);
    expect(formatEntries([{ endpoint: "nat/a/eth0", entries: [] }])).toBe(
      "Kernel: nat/a/eth0 is there as the model has it.",
    );
  });

  it("that the kernel lacks are missing, those with other values different", () => {
    const other = vnicWith({ addresses: [], mac: mac("02:00:00:00:00:99") });
    expect(told({ ...other, missing: ["element guard4 ..."] })).toEqual([
      "different: MAC of eth0",
      "missing: address 10.61.0.2/24 of eth0",
      "missing: element guard4 ...",
    ]);
    const { port: _, ...unplugged } = facts;
    expect(told(unplugged)).toEqual(["missing: port vp-a"]);
  });

  it("that only the kernel has are extra: addresses, routes, elements that bear the mark", () => {
    const more = vnicWith({
      addresses: [...a.vnic.addresses, prefix("10.61.0.77/24")],
      routes: [
        ...a.vnic.routes,
        { destination: prefix("172.31.0.0/16"), gateway: ip("10.61.0.9"), table: 254 },
      ],
    });
    expect(told(more, ["published4 ..."])).toEqual([
      "extra: address 10.61.0.77/24 of eth0",
      "extra: route 172.31.0.0/16 via 10.61.0.9 table 254 of eth0",
      "extra: published4 ...",
    ]);
  });

  it("that the host remembers of another container are different: its neighbours", () => {
    const neighbours = [
      { address: ip("10.61.0.2"), mac: mac("02:00:00:00:00:99"), interface: "vsw-nat" },
      { address: ip("10.61.0.2"), mac: mac("02:00:00:00:00:99"), interface: "eth0" },
    ];
    const found = kernelEntries(a, facts, [], { ...host, neighbours });
    expect(found).toEqual([
      {
        kind: "different",
        what: "neighbour 10.61.0.2 of the host on vsw-nat",
        expected: a.vnic.mac,
        found: "02:00:00:00:00:99",
      },
    ]);
    expect(formatEntries([{ endpoint: "nat/a/eth0", entries: found }])).toBe(
      [
        "Kernel: nat/a/eth0 DIFFERS from the model:",
        `  different  neighbour 10.61.0.2 of the host on vsw-nat  model ${a.vnic.mac}, kernel 02:00:00:00:00:99`,
      ].join("\n"),
    );
  });
});
