import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { mac } from "../../../lib/addr/mac.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import { compileConfigure, compileEndpoint } from "../../../lib/linux/compile/endpoint.ts";
import { compileStackedSwitch, type StackedState } from "../../../lib/linux/stacked/switch.ts";
import type { Link } from "../../../lib/netlink/route/decode-link.ts";
import { planTransparent } from "../../../plugins/transparent/plan.ts";
import { expectApproved } from "../../approved.ts";
import { seed } from "../../lib/seed.ts";
import { formatPlan } from "../../plans/format-plan.ts";
import { formatSteps } from "../../plans/format-steps.ts";
import { lanHost, type TransparentCase, transparentInput, transparentPlan } from "./fixture.ts";

const dual = ["192.0.2.100/24 192.0.2.2", "2001:db8::100/64 2001:db8::2"];

const cases: Readonly<Record<string, TransparentCase>> = {
  smallest: { ips: ["192.0.2.100/24"] },
  "both-families": { ips: dual },
  "without-an-address": { ips: [] },
  "host-access": { config: { hostAccess: true }, ips: dual },
  vlan: { config: { vlan: 7, mtu: 1400, dad: false }, ips: dual },
  "vlan-with-host-access": { config: { vlan: 7, hostAccess: true }, ips: ["198.51.100.5/24 198.51.100.1"] },
  private: { config: { mode: "private" }, ips: ["192.0.2.100/24 192.0.2.2"] },
  "second-network": {
    owner: { network: "a-network-with-a-long-name", ifname: "eth1" },
    config: { hostAccess: true },
    ips: dual,
    over: {
      defaultRoutes: [
        { family: 4, priority: 0 },
        { family: 6, priority: 1024 },
      ],
    },
  },
  "routes-of-the-ipam": {
    ips: dual,
    routes: [
      { dst: prefix("10.1.0.0/16") },
      { dst: prefix("10.2.0.0/16"), gw: ip("192.0.2.9"), priority: 7 },
    ],
  },
};

const link = (index: number, name: string): Link =>
  ({
    index,
    name,
    up: true,
    kind: undefined,
    alias: undefined,
    mac: mac("02:00:00:00:00:01"),
  }) as unknown as Link;

/** The switch's steps on a fresh host, and the endpoint's. */
function steps(one: TransparentCase): string {
  const plan = transparentPlan(one);
  const uplink = link(2, plan.switch.uplink);
  const found: StackedState = {
    uplink,
    lower: plan.switch.vlan === undefined ? uplink : undefined,
    adapter: undefined,
  };
  return formatSteps([...compileStackedSwitch(plan.switch, found), ...compileEndpoint(plan, 9)]);
}

describe("the plan of an attachment to a transparent network", () => {
  it.each(Object.entries(cases))("is as approved: %s", (name, one) => {
    expectApproved(`plans/transparent/${name}.txt`, formatPlan(transparentPlan(one)));
  });

  it.each(Object.entries(cases))("has steps that are as approved: %s", (name, one) => {
    expectApproved(`plans/transparent/${name}.steps.txt`, steps(one));
  });

  it("whose addresses come later has steps for them, as approved", () => {
    const plan = transparentPlan({ config: { hostAccess: true }, ips: dual });
    expectApproved("plans/transparent/addresses-later.steps.txt", formatSteps(compileConfigure(plan)));
  });

  it("takes the MAC that the runtime asks for", () => {
    const plan = transparentPlan({ ips: [], asked: { mac: mac("02:00:00:00:00:07") } });
    expect(plan.vnic.mac).toBe("02:00:00:00:00:07");
  });

  it("has one default route per family, by the LAN's router, and none where the ipam has routes of that family", () => {
    const routes = (given: TransparentCase["routes"] = []) =>
      transparentPlan({ ips: dual, routes: given }).vnic.routes.map(({ destination, gateway }) => [
        destination,
        gateway,
      ]);
    expect(routes()).toEqual([
      ["0.0.0.0/0", "192.0.2.2"],
      ["::/0", "2001:db8::2"],
    ]);
    expect(routes([{ dst: prefix("10.0.0.0/8") }])).toEqual([
      ["10.0.0.0/8", "192.0.2.2"],
      ["::/0", "2001:db8::2"],
    ]);
  });

  it("has no default route where the ipam names no router", () => {
    expect(transparentPlan({ ips: ["192.0.2.100/24"] }).vnic.routes).toEqual([]);
  });

  it("reaches each IPv6 address of the host by its adapter, as far as the container has IPv6", () => {
    const hostRoutes = (ips: readonly string[]) =>
      transparentPlan({ config: { hostAccess: true }, ips }).vnic.routes.filter(({ destination }) =>
        destination.endsWith("/128"),
      );
    expect(hostRoutes(["192.0.2.100/24"])).toEqual([]);
    expect(hostRoutes(dual)).toMatchObject([
      { destination: "2001:db8::1/128", gateway: expect.stringMatching(/^fe80::/) },
    ]);
  });

  it.each([
    ["that the ipam gives as the router's too", "192.0.2.2/24 192.0.2.2", "gateway-is-address"],
    ["with a router of another family", "192.0.2.100/24 2001:db8::2", "gateway-family"],
  ])("is refused for an address %s", (_, address, reason) => {
    expect(() => transparentPlan({ ips: [address] })).toThrow(expect.objectContaining({ code: 7, reason }));
  });

  it("is refused with an MTU that is too small for IPv6, or too large for the switch", () => {
    expect(() => transparentPlan({ config: { mtu: 1279 }, ips: dual })).toThrow(
      expect.objectContaining({ code: 7, reason: "mtu-too-small" }),
    );
    expect(transparentPlan({ config: { mtu: 1279 }, ips: ["192.0.2.100/24"] }).vnic.mtu).toBe(1279);
    const policies = [{ Type: "InterfaceParameters", Settings: { Mtu: 1401 } }];
    const uplink = {
      ...lanHost.uplink,
      name: "eth0",
      mtu: 1500,
      addresses: [],
      mac: mac("02:00:00:00:00:01"),
    };
    for (const kind of ["macvlan", "routed", "bridge"])
      expect(
        () =>
          transparentPlan({
            config: { switch: kind, mtu: 1400, policies },
            ips: [],
            host: { ...lanHost, uplink },
          }),
        kind,
      ).toThrow(expect.objectContaining({ code: 7, reason: "mtu-too-large" }));
  });
});

const text = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,80}$/);
const attachment: fc.Arbitrary<TransparentCase> = fc.record({
  owner: fc.record({ network: text, containerId: text, ifname: fc.stringMatching(/^[a-z0-9]{1,15}$/) }),
  config: fc.record(
    {
      vlan: fc.integer({ min: 1, max: 4094 }),
      mtu: fc.integer({ min: 1280, max: 1500 }),
      hostAccess: fc.boolean(),
      dad: fc.oneof(fc.boolean(), fc.integer({ min: 1, max: 10_000 })),
    },
    { requiredKeys: [] },
  ),
  ips: fc.subarray(dual),
});

/** Freezes all of it: whoever writes to it throws. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

describe("any plan of a transparent network", () => {
  const always = (check: (one: TransparentCase) => void) =>
    fc.assert(fc.property(attachment, check), { seed });

  it("is the same for the same input, which it leaves as it was", () => {
    always((one) => {
      const input = frozen(transparentInput(one));
      expect(planTransparent(input)).toEqual(planTransparent(structuredClone(input)));
    });
  });

  it("is plain data: JSON gives it back", () => {
    always((one) => {
      const plan = transparentPlan(one);
      expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    });
  });

  it("has interface names that fit the kernel's 15 bytes, and no policy", () => {
    always((one) => {
      const { switch: vswitch, vnic, port } = transparentPlan(one);
      for (const name of [vswitch.lower, vswitch.host?.name ?? "", vnic.name])
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(15);
      expect(port.policies).toEqual([]);
      expect(port).not.toHaveProperty("aclDefault");
    });
  });

  it("asks the wire for its addresses before it takes them", () => {
    always((one) => {
      const plan = transparentPlan(one);
      const titles = compileEndpoint(plan, 9).map(({ title }) => title);
      const [asked, taken] = ["ask who has", "addr add"].map((word) =>
        titles.findIndex((title) => title.startsWith(word)),
      );
      const shall = one.config?.dad !== false && one.ips.length > 0;
      expect(asked !== -1).toBe(shall);
      if (shall) expect(asked).toBeLessThan(taken ?? -1);
    });
  });
});
