import { describe, expect, it } from "vitest";
import { mac } from "../../../lib/addr/mac.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { compileConfigure, compileEndpoint } from "../../../lib/linux/compile/endpoint.ts";
import { compileRepair } from "../../../lib/linux/compile/repair/endpoint.ts";
import { compileSwitch } from "../../../lib/linux/compile/switch.ts";
import type { SwitchState } from "../../../lib/linux/observe.ts";
import { bridgeSettings, hostSettings } from "../../../lib/linux/routed/settings.ts";
import { waysOf } from "../../../lib/linux/routed/ways.ts";
import { diff } from "../../../lib/model/diff.ts";
import type { EndpointFacts } from "../../../lib/model/facts.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import { isRouted, type RoutedSwitch, switchAddresses } from "../../../lib/model/switch.ts";
import type { Link } from "../../../lib/netlink/route/decode-link.ts";
import { resultOf } from "../../../lib/verbs/result.ts";
import { requireAddresses } from "../../../plugins/transparent/kind-limits.ts";
import { expectApproved } from "../../approved.ts";
import { formatPlan } from "../../plans/format-plan.ts";
import { formatSteps } from "../../plans/format-steps.ts";
import {
  externalPlan,
  lanHost,
  type TransparentCase,
  transparentConfig,
  transparentInput,
} from "./fixture.ts";

const both = ["192.0.2.100/24 192.0.2.2", "2001:db8::100/64 2001:db8::2"];
const config = { switch: "routed" };
const plan = (one: Partial<TransparentCase> = {}) => externalPlan({ config, ips: both, ...one });

function routedOf({ switch: vswitch }: Plan): RoutedSwitch {
  if (!isRouted(vswitch)) throw new Error("another kind of switch");
  return vswitch;
}

/** Code and what stands in the message. */
function refusal(raw: JsonObject, asked: Parameters<typeof transparentConfig>[2] = {}) {
  try {
    transparentConfig(raw, [], asked);
  } catch (error) {
    const { code, message } = error as { code: number; message: string };
    return `${code} ${message.split(":")[0]}`;
  }
  return "none";
}

describe("a configuration of switch routed", () => {
  it("keeps what ports keep, and guards them unless told otherwise", () => {
    const acl = { Type: "ACL", Settings: { Action: "Allow", Direction: "In", Priority: 1 } };
    const qos = { Type: "QOS", Settings: { MaximumOutgoingBandwidthInBytes: 1_000_000 } };
    const { port } = transparentConfig({ ...config, policies: [acl, qos] });
    expect(port.acls).toHaveLength(1);
    expect(port.qos).toBeDefined();
    expect(port.guard).toBeDefined();
    expect(transparentConfig({ ...config, guard: false }).port.guard).toBeUndefined();
    expect(transparentConfig({}).port.guard).toBeUndefined();
  });

  it.each<[JsonObject, string]>([
    [{ mode: "private" }, "2 mode private is not supported"],
    [{ vlan: 5 }, "2 vlan 5 is not supported"],
    [{ hostAccess: false }, "2 hostAccess false is not supported"],
    [{ hostAccess: true }, "none"],
  ])("refuses what it cannot keep: %j", (raw, expected) => {
    expect(refusal({ ...config, ...raw })).toBe(expected);
  });

  it("needs an address that does not come from the wire", () => {
    const ask = (ipam: { type: string } | undefined) => () =>
      requireAddresses("routed", { ipam: ipam && { ...ipam, raw: {} } } as Parameters<
        typeof requireAddresses
      >[1]);
    expect(ask(undefined)).toThrow("ipam is missing");
    expect(ask({ type: "dhcp" })).toThrow("ipam dhcp is not supported");
    expect(ask({ type: "host-local" })).not.toThrow();
  });
});

describe("a configuration of switch ipvlan", () => {
  const host = {
    ...lanHost,
    uplink: { ...lanHost.uplink, name: "eth0", mtu: 1500, addresses: [], mac: mac("02:00:00:00:00:01") },
  };

  it.each<[JsonObject, string]>([
    [{ mode: "l2" }, "none"],
    [{ mode: "private" }, "2 mode private is not supported"],
    [{ hostAccess: true }, "2 hostAccess is not supported"],
    [{ hostAccess: false }, "none"],
    [{ guard: true }, "2 guard is not supported"],
    [{ vlan: 5 }, "none"],
  ])("refuses what it cannot keep: %j", (raw, expected) => {
    expect(refusal({ switch: "ipvlan", ...raw })).toBe(expected);
  });

  it("has its uplink's MAC, and refuses another", () => {
    const asked = { mac: mac("02:00:00:00:00:99") };
    expect(refusal({ switch: "ipvlan" }, asked)).toBe("2 mac 02");
    const made = externalPlan({ config: { switch: "ipvlan" }, ips: both, host });
    expect(made.vnic.mac).toBe("02:00:00:00:00:01");
    expect(() => transparentInput({ config: { switch: "ipvlan" }, ips: both })).toThrow("has no MAC");
  });

  it("is made under a name that only it has, until it bears its mark, as approved", () => {
    const made = externalPlan({ config: { switch: "ipvlan" }, ips: both, host });
    expectApproved("plans/transparent/ipvlan.txt", formatPlan(made));
    expectApproved("plans/transparent/ipvlan.steps.txt", formatSteps(compileEndpoint(made, 9)));
  });

  it("is no mode of macvlans", () => {
    expect(refusal({ mode: "l2" })).toMatch(/^7 /);
  });
});

describe("the plan of a routed container", () => {
  it.each<[string, Partial<TransparentCase>]>([
    ["both-families", {}],
    ["IPv4", { ips: both.slice(0, 1) }],
    ["IPv6-without-a-gateway", { ips: ["2001:db8::100/64"], config: { ...config, guard: false } }],
  ])("is as approved: %s", (name, one) => {
    expectApproved(`plans/transparent/routed-${name}.txt`, formatPlan(plan(one)));
    expectApproved(`plans/transparent/routed-${name}.steps.txt`, formatSteps(compileEndpoint(plan(one), 9)));
  });

  it("gives addresses that come later with the same steps", () => {
    const steps = compileConfigure(plan()).map(({ title }) => title);
    expect(steps.filter((title) => title.startsWith("neigh add proxy"))).toHaveLength(2);
    expect(steps.at(-1)).toBe("announce 192.0.2.100 2001:db8::100 on eth0");
  });

  it("adds the families of an address to what the host forwards, and keeps those that are there", () => {
    const first = plan({ ips: both.slice(0, 1) });
    expect(first.switch.forwarding).toEqual([4]);
    const second = plan({ ips: both.slice(1), over: { switch: routedOf(first) } });
    expect(second.switch.forwarding).toEqual([4, 6]);
  });

  it("tells switch, port and vNIC, and the LAN's router as gateway", () => {
    const { interfaces, ips } = resultOf(plan(), {});
    expect(interfaces.map(({ name }) => name)).toEqual(["vsw-lan", plan().port.name, "eth0"]);
    expect(ips.map(({ gateway }) => gateway)).toEqual(["192.0.2.2", "2001:db8::2"]);
  });

  it("undoes each way it made by itself, since each may be another's", () => {
    const steps = compileEndpoint(plan(), 9).filter(({ title }) => /^(route|neigh) add/.test(title));
    expect(steps).toHaveLength(4);
    for (const { action, undo } of steps) {
      if (action.kind !== "host" || undo?.kind !== "host") throw new Error("not undone");
      expect([action.requests(() => 1), undo.requests(() => 1)].map(({ length }) => length)).toEqual([1, 1]);
    }
  });
});

const link = (over: Partial<Link>): Link => ({
  ...({ index: 2, name: "eth0", up: true, mtu: 1500, kind: undefined, alias: undefined } as Link),
  ...over,
});

function fresh(vswitch: RoutedSwitch, over: Partial<SwitchState> = {}): SwitchState {
  return {
    link: undefined,
    addresses: [],
    layout: "current",
    missing: [],
    forwarding: { 4: true, 6: true },
    advertised: [],
    routed: { proxy: link({}), bridge: bridgeSettings(vswitch), host: hostSettings(vswitch) },
    ...over,
  };
}

describe("the steps that make a routed switch", () => {
  const vswitch = routedOf(plan());

  it("are as approved", () => {
    expectApproved(
      "plans/transparent/routed-switch.steps.txt",
      formatSteps(compileSwitch(vswitch, fresh(vswitch))),
    );
  });

  it("are none where all is there, whatever its mark says was changed for it", () => {
    const { name, mtu } = vswitch;
    const bridge = link({
      name,
      mtu,
      mac: vswitch.mac,
      kind: "bridge",
      alias: "vswitch:network lan - routed eth0 delay4,ndp",
    });
    const found = fresh(vswitch, {
      link: bridge,
      addresses: switchAddresses(vswitch),
      routed: { proxy: link({}), bridge: [], host: [] },
    });
    expect(compileSwitch(vswitch, found)).toEqual([]);
    const [, , delay] = hostSettings(vswitch);
    const later = compileSwitch(vswitch, {
      ...found,
      routed: { proxy: link({}), bridge: [], host: delay ? [delay] : [] },
    });
    expect(later.map(({ title }) => title)).toEqual([
      `learn ${name}`,
      `sysctl net.ipv6.conf.all.proxy_ndp=1`,
    ]);
  });

  it.each([
    ["does not exist", undefined],
    ["is down", link({ up: false })],
  ])("are refused where the uplink %s", (why, proxy) => {
    const found = fresh(vswitch, { routed: { proxy, bridge: [], host: [] } });
    expect(() => compileSwitch(vswitch, found)).toThrow(`its uplink eth0 ${why}`);
  });
});

describe("a routed endpoint that somebody changed", () => {
  const made = plan();
  const { vnic, port, switch: vswitch } = made;
  const facts: EndpointFacts = {
    switch: { up: true, mtu: 1500, mac: routedOf(made).mac, addresses: switchAddresses(routedOf(made)) },
    port: { up: true, mtu: 1500, switch: vswitch.name, isolated: false },
    compartment: {
      vnic: { up: true, mac: vnic.mac, mtu: 1500, addresses: vnic.addresses, routes: vnic.routes },
    },
    missing: [],
  };
  const state = { facts, missing: [], stale: [], acls: { missing: [], there: [] } };

  it("differs by nothing before", () => {
    expect(port.name).toMatch(/^vp-/);
    expect(diff(made, facts)).toEqual([]);
    expect(compileRepair(made, state)).toEqual([]);
  });

  it("gets back the ways that are lost, and only those", () => {
    const [, route6, proxy4] = waysOf(made);
    const lostWays = [route6, proxy4].filter((way) => way !== undefined);
    const titles = compileRepair(made, { ...state, lostWays }).map(({ title }) => title);
    expect(titles).toEqual([
      "learn vsw-lan",
      "learn eth0",
      "route replace 2001:db8::100/128 dev vsw-lan",
      "neigh add proxy 192.0.2.100 dev eth0",
    ]);
  });

  it("loses a route that takes its subnet for one on the link", () => {
    const stray = { destination: "2001:db8::/64", priority: 256 } as unknown as (typeof vnic.routes)[number];
    const found: EndpointFacts = {
      ...facts,
      compartment: {
        vnic: {
          up: true,
          mac: vnic.mac,
          mtu: 1500,
          addresses: vnic.addresses,
          routes: [...vnic.routes, stray],
        },
      },
    };
    expect(diff(made, found)).toEqual([
      { what: "route 2001:db8::/64 metric 256 of eth0", expected: "absent", found: "present" },
    ]);
    expect(formatSteps(compileRepair(made, { ...state, facts: found }))).toContain(
      "route del 2001:db8::/64 dev [vnic]",
    );
  });
});
