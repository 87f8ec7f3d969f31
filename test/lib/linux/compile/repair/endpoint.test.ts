import { describe, expect, it } from "vitest";
import { mac } from "../../../../../lib/addr/mac.ts";
import { prefix } from "../../../../../lib/addr/prefix.ts";
import { endpointAcls, endpointElements } from "../../../../../lib/linux/compile/elements.ts";
import { compileRepair, type RepairState } from "../../../../../lib/linux/compile/repair/endpoint.ts";
import type { EndpointFacts } from "../../../../../lib/model/facts.ts";
import { type Plan, portMac } from "../../../../../lib/model/plan.ts";
import type { InternalSwitch } from "../../../../../lib/model/switch.ts";
import { expectApproved } from "../../../../approved.ts";
import { formatSteps } from "../../../../plans/format-steps.ts";
import { natPlan } from "../../../../plugins/nat/fixture.ts";

const plan = natPlan({
  ips: ["10.88.0.5/16 10.88.0.1", "fd00::5/64 fd00::1"],
  ports: [{ hostPort: 53, containerPort: 5353, protocol: "udp" }],
  config: { policies: [{ Type: "QOS", Settings: { MaximumOutgoingBandwidthInBytes: 1_000_000 } }] },
});

/** All as planned. */
function asPlanned({ switch: vswitch, port, vnic }: Plan<InternalSwitch>): EndpointFacts {
  const { mac, mtu, addresses, routes } = vnic;
  const near = [prefix("10.88.0.0/16"), prefix("fd00::/64")].map((destination) => ({ destination }));
  return {
    switch: { up: true, mac: vswitch.mac, mtu: vswitch.mtu, addresses: vswitch.gateways },
    port: { up: true, mtu: vswitch.mtu, switch: vswitch.name, isolated: false },
    limits: {
      limiter: {
        name: port.name.replace("vp-", "vq-"),
        up: true,
        inUse: true,
        out: { bytesPerSecond: 1_000_000, burstBytes: 5000 },
      },
    },
    compartment: { vnic: { up: true, mac, mtu, addresses, routes: [...routes, ...near] } },
    missing: [],
  };
}

const facts = asPlanned(plan);
const { port } = facts;
const vnic = facts.compartment?.vnic;
const elements = endpointElements(plan);

function state(over: Partial<EndpointFacts>, rules: Partial<RepairState> = {}): RepairState {
  return { facts: { ...facts, ...over }, missing: [], stale: [], acls: { missing: [], there: [] }, ...rules };
}
const withVnic = (over: Partial<NonNullable<typeof vnic>>) =>
  state({ compartment: { vnic: { ...(vnic as NonNullable<typeof vnic>), ...over } } });
const withPort = (over: Partial<NonNullable<typeof port>>) =>
  state({ port: { ...(port as NonNullable<typeof port>), ...over } });

describe("the steps that mend an endpoint", () => {
  it("are none where all is as planned", () => {
    expect(compileRepair(plan, state({}))).toEqual([]);
  });

  it.each<[string, RepairState]>([
    ["of a port that left its bridge and is down", withPort({ up: false, mtu: 1400, switch: "br0" })],
    ["of a port that is isolated and shall not be", withPort({ isolated: true })],
    [
      "of an interface that is down",
      withVnic({ up: false, addresses: [prefix("10.88.0.5/16")], routes: [] }),
    ],
    ["of an interface with another MAC and MTU", withVnic({ mac: plan.switch.mac, mtu: 1280 })],
    ["of an interface whose routes are all gone", withVnic({ routes: [] })],
    [
      "of policies that are gone and a published port with other data",
      state(
        {},
        {
          missing: elements,
          stale: elements.filter(({ set }) => set.startsWith("published")),
          acls: { missing: endpointAcls(plan), there: [] },
        },
      ),
    ],
    ["of a limit that is gone", state({ limits: {} })],
  ])("are as approved: %s", (name, one) => {
    expectApproved(
      `plans/steps/repair ${name}.txt`.replaceAll(" ", "-"),
      formatSteps(compileRepair(plan, one)),
    );
  });

  it("come one after another without undo: what is mended stays", () => {
    const all = compileRepair(
      plan,
      state({ port: { ...port, up: false, mtu: 1, isolated: true }, limits: {} }, { missing: elements }),
    );
    const undone = all.filter(({ undo, scope }) => undo !== undefined && scope === "switch");
    expect(undone).toEqual([]);
  });

  it("put what may be somebody else's by now last", () => {
    const steps = compileRepair(
      plan,
      state({ port: { up: false, mtu: 1, isolated: true } }, { missing: elements }),
    );
    const titles = steps.map(({ title }) => title);
    expect(titles[0]).toContain("policies of");
    expect(titles.at(-2)).toContain("what the host does");
  });
});

describe("a tap that is a port", () => {
  const guest = natPlan({
    ips: ["10.88.0.5/16 10.88.0.1"],
    config: { vnic: "vmNic", vmNicAttach: "switch" },
  });
  const steps = (found: string): string => {
    const { limits: _, compartment: __, ...rest } = asPlanned(guest);
    const tap = { up: true, mtu: 1500, mac: mac(found), addresses: [], multiQueue: false };
    const whole = { missing: [], stale: [], acls: { missing: [], there: [] } };
    return formatSteps(compileRepair(guest, { facts: { ...rest, tap }, ...whole }));
  };

  it("gets its own MAC again, which its owner may have set", () => {
    const own = portMac(guest.key);
    expect(steps(own)).not.toContain(own);
    expect(steps("02:00:00:00:00:99")).toContain(`link set ${guest.port.name} address ${own}`);
  });
});
