import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ip, ipFamily } from "../../../lib/addr/ip.ts";
import { mac } from "../../../lib/addr/mac.ts";
import { contains, prefix, prefixAddress } from "../../../lib/addr/prefix.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { planHosted } from "../../../lib/hosted/plan.ts";
import { policiesOf } from "../../../lib/policy/policy.ts";
import { expectApproved } from "../../approved.ts";
import { seed } from "../../lib/seed.ts";
import { formatPlan } from "../../plans/format-plan.ts";
import { annotated, type NatCase, natPlan, planInput } from "../../plugins/nat/fixture.ts";

const web = { hostPort: 8080, containerPort: 80, protocol: "tcp" };
const dns = { hostPort: 53, containerPort: 5353, protocol: "udp" };

/** The example of Microsoft's documentation, with a flag more. */
const microsoft = {
  master: "Ethernet",
  ipam: { subnet: "172.19.208.0/20", routes: [{ GW: "172.19.208.1" }] },
  optionalFlags: { localRoutedPortMapping: true, forceBridgeGateway: true },
  AdditionalArgs: [
    {
      Name: "EndpointPolicy",
      Value: { Type: "OutBoundNAT", Settings: { Exceptions: ["172.19.208.0/20", "10.0.0.0/8"] } },
    },
    {
      Name: "EndpointPolicy",
      Value: { Type: "PortMapping", Settings: { Protocol: 6, InternalPort: 80, ExternalPort: 8080 } },
    },
  ],
};

const acl = (Settings: JsonObject) => ({ Type: "ACL", Settings });

const everyPolicy = {
  DisableInterComputeCommunication: true,
  reachable: ["web", "db"],
  guard: { allow: ["router"], addresses: ["10.88.0.250"] },
  defaultAction: { Out: "Allow" },
  policies: [
    acl({ Action: "Block", Direction: "In", Priority: 200, Id: "the rest" }),
    acl({
      Action: "Allow",
      Direction: "In",
      Protocols: "6",
      LocalPorts: "80,443,8000-8010",
      RemoteAddresses: "10.0.0.0/8",
      Priority: 100,
    }),
    { Type: "PortMapping", Settings: { InternalPort: 80, ExternalPort: 8080 } },
    { Type: "OutBoundNAT", Settings: { Exceptions: ["10.0.0.0/8"], VirtualIP: "192.0.2.7" } },
    { Type: "OutBoundNAT", Settings: { Destinations: ["198.51.100.0/24", "2001:db8::/32"] } },
    { Type: "QOS", Settings: { MaximumOutgoingBandwidthInBytes: 1_250_000 } },
    { Type: "InterfaceParameters", Settings: { Mtu: 1400 } },
  ],
};

const cases: Readonly<Record<string, NatCase>> = {
  smallest: { ips: ["172.16.0.2/20 172.16.0.1"] },
  "dual-stack": {
    config: { mtu: 1400, bridge: "br-web" },
    ips: ["10.88.0.5/16 10.88.0.1", "fd00:88::5/64 fd00:88::1"],
  },
  "published-ports": {
    ports: [
      web,
      dns,
      { ...web, hostPort: 8443, hostIP: "192.0.2.1" },
      { ...web, hostPort: 9000, hostIP: "0.0.0.0" },
      { ...web, hostPort: 9001, hostIP: "::" },
      { ...web, hostPort: 9002, hostIP: "127.0.0.1", protocol: "sctp" },
      { ...web, hostPort: 9003, hostIP: "2001:db8::1" },
    ],
    ips: ["10.88.0.5/16 10.88.0.1", "fd00:88::5/64 fd00:88::1"],
  },
  microsoft: { config: microsoft, ips: ["172.19.208.3/20 172.19.208.1"] },
  "no-masquerade": { config: { ipMasq: false }, ips: ["10.88.0.5/16"] },
  "second-network": {
    owner: { network: "a-network-with-a-long-name", ifname: "eth1" },
    ips: ["10.89.0.5/24 10.89.0.254", "fd00:89::5/64"],
    over: {
      defaultRoutes: [
        { family: 4, priority: 0 },
        { family: 6, priority: 1024 },
      ],
    },
  },
  "every-policy": {
    config: everyPolicy,
    asked: {
      bandwidth: { ingress: { bitsPerSecond: 80_000_000, burstBits: 800_000 } },
      ...annotated({ net: [acl({ Action: "Block", Direction: "Out", RemoteAddresses: "198.51.100.0/24" })] }),
    },
    ips: ["10.88.0.5/16 10.88.0.1", "fd00:88::5/64 fd00:88::1"],
  },
  "no-guard": { config: { guard: false }, ips: ["10.88.0.5/16 10.88.0.1"] },
  "routes-of-the-ipam": {
    ips: ["10.88.0.5/16 10.88.0.1"],
    routes: [
      { dst: prefix("10.1.0.0/16") },
      { dst: prefix("10.2.0.0/16"), gw: ip("10.88.0.9"), mtu: 1300, advmss: 1260, table: 100, priority: 7 },
      { dst: prefix("10.3.0.7/16"), scope: 253 },
      { dst: prefix("0.0.0.0/0"), gw: ip("10.88.0.2") },
    ],
  },
};

describe("the plan of an attachment to a nat network", () => {
  it.each(Object.entries(cases))("is as approved: %s", (name, one) => {
    expectApproved(`plans/nat/${name}.txt`, formatPlan(natPlan(one)));
  });

  it("takes the MAC that the runtime asks for", () => {
    const input = planInput({ ips: ["10.88.0.5/16"] });
    const config = { ...input.config, mac: mac("02:00:00:00:00:07") };
    expect(planHosted({ ...input, config }).vnic.mac).toBe("02:00:00:00:00:07");
  });

  it("keeps the gateways the switch has, and adds those of new subnets", () => {
    const first = natPlan({ ips: ["10.88.0.5/16 10.88.0.1"] });
    const second = natPlan({
      owner: { containerId: "c2" },
      ips: ["10.88.0.6/16 10.88.0.1", "fd00::6/64 fd00::1"],
      over: { switch: first.switch },
    });
    expect(second.switch.gateways).toEqual(["10.88.0.1/16", "fd00::1/64"]);
    expect(second.switch.forwarding).toEqual([4, 6]);
  });

  it("takes the gateways of additionalRoutes where the ipam names none", () => {
    const config = {
      optionalFlags: { gatewayFromAdditionalRoutes: true },
      additionalRoutes: [{ dst: "0.0.0.0/0", GW: "10.88.0.9" }],
    };
    expect(natPlan({ config, ips: ["10.88.0.5/16"] }).switch.gateways).toEqual(["10.88.0.9/16"]);
    expect(natPlan({ config, ips: ["10.88.0.5/16 10.88.0.1"] }).switch.gateways).toEqual(["10.88.0.1/16"]);
  });

  it("takes no gateway of additionalRoutes that is in another subnet", () => {
    const config = {
      optionalFlags: { gatewayFromAdditionalRoutes: true },
      additionalRoutes: [{ GW: "10.99.0.9" }, { GW: "10.88.0.9" }],
    };
    expect(natPlan({ config, ips: ["10.88.0.5/16"] }).switch.gateways).toEqual(["10.88.0.9/16"]);
  });

  it.each<[string, NatCase]>([
    ["that the ipam gives as the gateway too", { ips: ["10.88.0.5/16 10.88.0.5"] }],
    ["that is the first of its subnet, when no gateway is given", { ips: ["10.88.0.1/16"] }],
    ["that is alone in its subnet, when no gateway is given", { ips: ["10.88.0.5/32"] }],
    [
      "that is the forced gateway",
      { config: { optionalFlags: { forceBridgeGateway: true } }, ips: ["10.88.0.2/16 10.88.0.1"] },
    ],
  ])("is refused for an address %s", (_, one) => {
    expect(() => natPlan(one)).toThrow(expect.objectContaining({ code: 7, reason: "gateway-is-address" }));
  });

  it("is refused when address and gateway are of two families, with both", () => {
    const act = () => natPlan({ ips: ["10.88.0.5/16 fd00::1"] });
    expect(act).toThrow(expect.objectContaining({ code: 7, reason: "gateway-family" }));
    expect(act).toThrow("gateway fd00::1 cannot serve 10.88.0.5/16");
  });

  it("steps behind the default routes that are there already", () => {
    const priorities = (present: number) =>
      natPlan({
        ips: ["10.88.0.5/16"],
        over: { defaultRoutes: [{ family: 4, priority: present }] },
      }).vnic.routes.map((route) => route.priority);
    expect(priorities(0)).toEqual([1000]);
    expect(priorities(1000)).toEqual([1001]);
    const routes = [
      { dst: prefix("0.0.0.0/0") },
      { dst: prefix("0.0.0.0/0"), table: 100 },
      { dst: prefix("0.0.0.0/0"), priority: 7 },
      { dst: prefix("10.0.0.0/8") },
    ];
    const over = { defaultRoutes: [{ family: 4, priority: 0 }] } as const;
    const given = natPlan({ ips: ["10.88.0.5/16"], routes, over }).vnic.routes;
    expect(given.map((route) => route.priority)).toEqual([1000, undefined, 7, undefined]);
  });

  it("counts a port that is asked for twice once", () => {
    const twice = natPlan({ ports: [web, { ...web, hostIP: "0.0.0.0" }], ips: ["10.88.0.5/16"] });
    expect(policiesOf(twice.port.policies, "PortMapping")).toHaveLength(1);
  });

  it.each([
    ["an IPv4 address", "192.0.2.1", "fd00::5/64", "publish 192.0.2.1:8080/tcp: the container has no IPv4"],
    ["any IPv4 address", "0.0.0.0", "fd00::5/64", "publish 0.0.0.0:8080/tcp: the container has no IPv4"],
    [
      "an IPv6 address",
      "2001:db8::1",
      "10.88.0.5/16",
      "publish 2001:db8::1:8080/tcp: the container has no IPv6",
    ],
  ])(
    "is refused when a port is published on %s that the container has none for",
    (_, hostIP, address, text) => {
      const act = () => natPlan({ ports: [{ ...web, hostIP }], ips: [address] });
      expect(act).toThrow(expect.objectContaining({ code: 7, reason: "port-without-address" }));
      expect(act).toThrow(text);
    },
  );

  it("is refused when one host port is to lead to two ports, with both", () => {
    const act = () => natPlan({ ports: [web, { ...web, containerPort: 81 }], ips: ["10.88.0.5/16"] });
    expect(act).toThrow(expect.objectContaining({ code: 7, reason: "port-twice" }));
    expect(act).toThrow("host port 8080/tcp is published twice: to 80 and to 81");
  });
});

describe("the policies of a plan", () => {
  const both = ["10.88.0.5/16", "fd00:88::5/64"];

  it("may lower the MTU of the switch, not raise it", () => {
    const plan = (Mtu: number, ips = ["10.88.0.5/16"]) =>
      natPlan({ config: { mtu: 1400, policies: [{ Type: "InterfaceParameters", Settings: { Mtu } }] }, ips });
    expect(plan(1300).vnic.mtu).toBe(1300);
    expect(plan(1300).switch.mtu).toBe(1400);
    expect(plan(1400).vnic.mtu).toBe(1400);
    expect(() => plan(1401)).toThrow(expect.objectContaining({ code: 7, reason: "mtu-too-large" }));
    expect(() => plan(1401)).toThrow("InterfaceParameters Mtu 1401: the switch vsw-net carries 1400");
    expect(plan(1280, both).vnic.mtu).toBe(1280);
    expect(() => plan(1279, both)).toThrow(expect.objectContaining({ code: 7, reason: "mtu-too-small" }));
  });

  it("hold for the MAC that the runtime asks for", () => {
    const asked = { mac: mac("02:00:00:00:00:07") };
    const [guard] = policiesOf(natPlan({ asked, ips: ["10.88.0.5/16"] }).port.policies, "Guard");
    expect(guard).toMatchObject({ mac: "02:00:00:00:00:07", addresses: ["10.88.0.5", "fe80::ff:fe00:7"] });
  });

  it("are refused when an ACL is about some of the addresses of one family", () => {
    const config = { policies: [acl({ Action: "Allow", Direction: "In", LocalAddresses: "10.88.0.5" })] };
    expect(natPlan({ config, ips: both }).port.aclDefault).toEqual({ In: "Block", Out: "Block" });
    expect(natPlan({ config, ips: ["10.88.0.9/16"] }).port.policies).toHaveLength(2);
    const act = () => natPlan({ config, ips: [...both, "10.99.0.5/16"] });
    expect(act).toThrow(expect.objectContaining({ code: 2, reason: "acl-local-addresses" }));
    expect(act).toThrow("ACL 0 Allow In local 10.88.0.5/32: LocalAddresses holds some of");
  });

  it("are refused when a virtual address is of a family that the container does not have", () => {
    const config = { policies: [{ Type: "OutBoundNAT", Settings: { VirtualIP: "2001:db8::7" } }] };
    expect(policiesOf(natPlan({ config, ips: both }).port.policies, "OutBoundNAT")).toMatchObject([
      { addresses: ["fd00:88::5"], virtualIp: "2001:db8::7" },
    ]);
    const act = () => natPlan({ config, ips: ["10.88.0.5/16"] });
    expect(act).toThrow(expect.objectContaining({ code: 7, reason: "nat-without-address" }));
    expect(act).toThrow("OutBoundNAT VirtualIP 2001:db8::7: the container has no IPv6 address");
  });
});

const text = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,80}$/);
const byte = fc.integer({ min: 0, max: 255 });
const address = fc
  .tuple(fc.constantFrom("4", "6"), byte, fc.integer({ min: 2, max: 250 }), fc.integer({ min: 9, max: 24 }))
  .map(([family, net, node, length]) =>
    family === "4" ? `10.${net}.0.${node}/${length}` : `fd00:${net.toString(16)}::${node.toString(16)}/64`,
  );
const port = fc.record({
  hostPort: fc.integer({ min: 1, max: 65535 }),
  containerPort: fc.integer({ min: 1, max: 65535 }),
  protocol: fc.constantFrom("tcp", "udp", "sctp"),
});
const attachment: fc.Arbitrary<NatCase> = fc.record({
  owner: fc.record({ network: text, containerId: text, ifname: fc.stringMatching(/^[a-z0-9]{1,15}$/) }),
  ips: fc.uniqueArray(address, { minLength: 1, maxLength: 3 }),
  ports: fc.uniqueArray(port, { maxLength: 4, selector: (one) => `${one.protocol} ${one.hostPort}` }),
});

/** Freezes all of it: whoever writes to it throws. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

describe("any plan", () => {
  const always = (check: (one: NatCase) => void) => fc.assert(fc.property(attachment, check), { seed });

  it("is the same for the same input, which it leaves as it was", () => {
    always((one) => {
      const input = frozen(planInput(one));
      expect(planHosted(input)).toEqual(planHosted(structuredClone(input)));
    });
  });

  it("is plain data: JSON gives it back", () => {
    always((one) => {
      const plan = natPlan(one);
      expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    });
  });

  it("has interface names that fit the kernel's 15 bytes", () => {
    always((one) => {
      const { switch: vswitch, port: planned, vnic } = natPlan(one);
      for (const name of [vswitch.name, planned.name, vnic.name])
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(15);
    });
  });

  it("publishes every port for each family the container has, on an address of its own", () => {
    always((one) => {
      const { port: planned, vnic } = natPlan(one);
      const own = vnic.addresses.map(prefixAddress);
      const families = new Set(own.map(ipFamily));
      const published = policiesOf(planned.policies, "PortMapping");
      expect(published).toHaveLength((one.ports?.length ?? 0) * families.size);
      for (const policy of published) expect(own).toContain(policy.address);
    });
  });

  it("has a gateway in the subnet of every address, never that address, and one default route per family", () => {
    always((one) => {
      const { switch: vswitch, vnic } = natPlan(one);
      for (const held of vnic.addresses) {
        const near = vswitch.gateways.filter((gateway) => contains(held, prefixAddress(gateway)));
        expect(near.length).toBeGreaterThan(0);
        expect(vswitch.gateways).not.toContain(held);
      }
      const families = [...new Set(vnic.addresses.map((held) => ipFamily(prefixAddress(held))))];
      expect(vnic.routes.map((route) => route.destination).toSorted()).toEqual(
        families.map((family) => (family === 4 ? "0.0.0.0/0" : "::/0")).toSorted(),
      );
      expect(vswitch.forwarding).toEqual(families.toSorted());
    });
  });

  it("differs in key, port and MAC from that of any other owner", () => {
    fc.assert(
      fc.property(attachment, attachment, (a, b) => {
        fc.pre(JSON.stringify(a.owner) !== JSON.stringify(b.owner));
        const [x, y] = [natPlan(a), natPlan(b)];
        expect(x.key).not.toBe(y.key);
        expect(x.port.name).not.toBe(y.port.name);
        expect(x.vnic.mac).not.toBe(y.vnic.mac);
      }),
      { seed },
    );
  });
});

describe("an MTU that IPv6 cannot use", () => {
  it("is refused where the container has an IPv6 address, and only there", () => {
    const small = { config: { mtu: 1279 }, ips: ["fd00:88::5/64"] };
    expect(() => natPlan(small)).toThrow(expect.objectContaining({ code: 7, reason: "mtu-too-small" }));
    expect(natPlan({ ...small, config: { mtu: 1280 } }).vnic.mtu).toBe(1280);
    expect(natPlan({ ...small, ips: ["10.88.0.5/16"] }).vnic.mtu).toBe(1279);
  });
});
