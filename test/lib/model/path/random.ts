/** Random scenes, packets and starts: few values of each kind, so that they meet. */
import fc from "fast-check";
import { type Ip, ip, ipFamily } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { type Prefix, prefix } from "../../../../lib/addr/prefix.ts";
import type { ForeignChain, ForeignCondition, ForeignRule } from "../../../../lib/model/foreign.ts";
import type { Probe, TraceStart } from "../../../../lib/model/path/start.ts";
import type { ConnectionState } from "../../../../lib/model/path/trace.ts";
import type { Plan } from "../../../../lib/model/plan.ts";
import type { Scene, SceneHost, SceneNetwork } from "../../../../lib/model/scene.ts";
import {
  type InternalSwitch,
  macvlanModes,
  overlayModes,
  type Switch,
} from "../../../../lib/model/switch.ts";
import type { Acl } from "../../../../lib/policy/acl.ts";
import type { OutBoundNat } from "../../../../lib/policy/outbound-nat.ts";
import type { Policy } from "../../../../lib/policy/policy.ts";
import type { PortMapping } from "../../../../lib/policy/port-mapping.ts";
import { addressesAt, overlayHost, peer } from "./overlay-scene.ts";
import { type EndpointCase, endpoint, lan, network, route, scene, vnicOnLan } from "./scene.ts";

export interface RandomCase {
  readonly scene: Scene;
  readonly start: TraceStart;
  readonly probe: Probe;
  readonly state: ConnectionState;
}

export const ports = [0, 22, 67, 68, 80, 443, 546, 8080, 40000, 65535];
export const protocols = [1, 6, 17, 58, 132, 47];
export const macs = ["02:00:00:00:00:01", "02:aa:aa:aa:aa:aa", "ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01"].map(
  mac,
);
export const addresses: Readonly<Record<4 | 6, readonly Ip[]>> = {
  4: [
    "10.1.0.1",
    "10.1.0.2",
    "10.1.0.3",
    "10.1.0.77",
    "10.1.0.255",
    "10.2.0.1",
    "10.2.0.2",
    "10.2.0.3",
    "10.9.9.9",
    "192.0.2.10",
    "192.0.2.77",
    "192.0.2.100",
    "192.0.2.101",
    "192.0.2.255",
    "198.51.100.7",
    "203.0.113.9",
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "0.1.2.3",
    "255.255.255.255",
    "224.0.0.251",
    "10.40.1.1",
    "10.40.1.2",
    "10.40.2.1",
    "10.40.2.2",
    "10.40.9.9",
    "10.50.0.1",
    "10.50.0.12",
    "10.50.0.22",
    "10.50.0.77",
  ].map(ip),
  6: [
    "fd01::1",
    "fd01::2",
    "fd01::3",
    "fd01::77",
    "fd02::1",
    "fd02::2",
    "2001:db8::10",
    "2001:db8::77",
    "2001:db8::100",
    "2001:db8::101",
    "2001:db8:1::7",
    "::1",
    "::",
    "fe80::1",
    "ff02::1",
    "ff02::1:ff00:2",
    "ff0e::1",
    "fd00:40:1::2",
    "fd00:40:2::2",
    "fd00:50::12",
    "fd00:50::22",
  ].map(ip),
};
/** Where packets mostly go. */
const near: Readonly<Record<4 | 6, readonly Ip[]>> = {
  4: [
    ...["10.1.0.1", "10.1.0.2", "10.1.0.3", "10.2.0.2"],
    ...["192.0.2.10", "192.0.2.100", "192.0.2.101", "198.51.100.7", "203.0.113.9"],
  ].map(ip),
  6: ["fd01::1", "fd01::2", "fd01::3", "fd02::2", "2001:db8::10", "2001:db8::100", "2001:db8:1::7"].map(ip),
};
/** The same on a host of an overlay network. */
const far: Readonly<Record<4 | 6, readonly Ip[]>> = {
  4: addresses[4].filter((one) => /^10[.][45]0[.]/.test(one)),
  6: addresses[6].filter((one) => /^fd00:[45]0:/.test(one)),
};
const isOverlaid = ({ networks }: Scene): boolean => networks.some(({ kind }) => kind === "overlay");
const prefixes: Readonly<Record<4 | 6, readonly Prefix[]>> = {
  4: ["10.1.0.0/24", "10.1.0.2/32", "10.2.0.0/24", "10.0.0.0/8", "198.51.100.0/24", "0.0.0.0/0"].map(prefix),
  6: ["fd01::/64", "fd01::2/128", "fd00::/8", "2001:db8::/32", "::/0"].map(prefix),
};
const everyPrefix = [...prefixes[4], ...prefixes[6]];

const one = <T>(list: readonly T[]) => fc.constantFrom(...list);
const some = <T>(list: readonly T[], maxLength = 2) => fc.array(one(list), { maxLength });
const range = fc
  .tuple(one(ports), one(ports))
  .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));

const acl: fc.Arbitrary<Acl> = fc.record({
  kind: fc.constant("ACL" as const),
  action: one(["Allow", "Block"] as const),
  direction: one(["In", "Out"] as const),
  protocols: some(protocols),
  localAddresses: some(everyPrefix, 1),
  remoteAddresses: some(everyPrefix),
  localPorts: fc.array(range, { maxLength: 1 }),
  remotePorts: fc.array(range, { maxLength: 1 }),
  priority: fc.integer({ min: 1, max: 4 }),
});

function policiesFor(own: readonly string[]): fc.Arbitrary<readonly Policy[]> {
  const address = one(own).map((text) => ip(text.slice(0, text.indexOf("/"))));
  const mapping = address.chain((inner) => {
    const f = ipFamily(inner);
    const hostIps = f === 4 ? ["192.0.2.10", "127.0.0.1", "10.1.0.1"] : ["2001:db8::10", "fd01::1"];
    return fc.record({
      kind: fc.constant("PortMapping" as const),
      protocol: one(["tcp", "udp", "sctp"] as const),
      hostPort: one(ports),
      containerPort: one(ports),
      address: fc.constant(inner),
      hostIp: fc.option(one(hostIps.map(ip)), { nil: undefined }),
    }) as fc.Arbitrary<PortMapping>;
  });
  const outbound = address.chain(
    (inner) =>
      fc.record({
        kind: fc.constant("OutBoundNAT" as const),
        addresses: fc.constant([inner]),
        exceptions: some(prefixes[ipFamily(inner)], 1),
        destinations: some(prefixes[ipFamily(inner)], 1),
        virtualIp: fc.option(one(addresses[ipFamily(inner)].slice(8, 10)), { nil: undefined }),
      }) as fc.Arbitrary<OutBoundNat>,
  );
  return fc
    .tuple(
      fc.array(acl, { maxLength: 4 }),
      fc.array(mapping, { maxLength: 3 }),
      fc.array(outbound, { maxLength: 2 }),
    )
    .map((lists) => lists.flat());
}

function endpointIn(net: SceneNetwork<InternalSwitch>, id: string, last: number): fc.Arbitrary<Plan> {
  const all = net.switch.gateways.map((gateway) => gateway.replace(/1\//, `${last}/`));
  return fc
    .record({
      own: one([all, all, all.slice(0, 1), all.slice(1)]),
      guard: one([{}, {}, false, { allow: ["dhcp-server", "router"] }] as NonNullable<
        EndpointCase["guard"]
      >[]),
      aclDefault: fc.option(
        fc.record({ In: one(["Allow", "Block"] as const), Out: one(["Allow", "Block"] as const) }),
        { nil: undefined },
      ),
      mtu: one([1280, 1500]),
      routes: one([undefined, [], [{ destination: prefix("10.9.0.0/16"), gateway: ip("10.1.0.3") }]]),
    })
    .chain(({ own, guard, aclDefault, mtu, routes }) =>
      policiesFor(own).map((policies) =>
        endpoint(net, id, own, {
          policies,
          guard,
          ...(aclDefault === undefined ? {} : { aclDefault }),
          vnic: { mtu, ...(routes === undefined ? {} : { routes }) },
        }),
      ),
    );
}

const networkOf = (name: string, gateways: readonly string[], other: string) =>
  fc
    .record({
      isolated: fc.boolean(),
      reachable: one([undefined, true, [other]] as const),
      outboundNat: one([
        undefined,
        { exceptions: [] },
        { exceptions: [prefix("198.51.100.0/24"), prefix("10.2.0.0/24")] },
      ]),
    })
    .map(({ isolated, reachable, outboundNat }) => {
      const { switch: vswitch, ...rest } = network(name, gateways);
      const { outboundNat: _, ...bare } = vswitch;
      return {
        ...rest,
        switch: {
          ...bare,
          ...(isolated ? { isolated: true as const } : {}),
          ...(reachable === undefined ? {} : { reachable }),
          ...(outboundNat === undefined ? {} : { outboundNat }),
        },
      };
    });

const condition: fc.Arbitrary<ForeignCondition> = fc.oneof(
  fc.record({ kind: one(["in", "out"] as const), interface: one(["vsw-*", "vp-*", "eth0", "lo"]) }),
  fc.record({ kind: one(["source", "destination"] as const), prefixes: some(everyPrefix) }),
  fc.record({ kind: fc.constant("protocol" as const), protocols: some(protocols) }),
  fc.record({
    kind: one(["sourcePort", "destinationPort"] as const),
    ranges: fc.array(range, { maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant("state" as const), states: some(["new", "established"] as const) }),
  fc.record({ kind: fc.constant("icmpType" as const), types: some([0, 8, 128]) }),
  fc.constant({ kind: "opens" } as const),
  fc.constant({ kind: "dnat" } as const),
  fc.constant({ kind: "unknown", text: "meta mark 7" } as const),
  fc.record({ kind: fc.constant("family" as const), family: one([4, 6] as const) }),
);

const rule: fc.Arbitrary<ForeignRule> = fc.record({
  text: fc.constant("a rule"),
  conditions: fc.array(
    fc.tuple(condition, fc.boolean()).map(([c, negated]) => (negated ? { ...c, negated: true as const } : c)),
    { maxLength: 2 },
  ),
  verdict: one([{ kind: "accept" }, { kind: "drop" }, { kind: "continue" }, { kind: "return" }] as const),
});

const chain: fc.Arbitrary<ForeignChain> = fc.record({
  table: one(["inet other", "ip filter", "ip6 filter", "bridge other"]),
  chain: one(["A", "B", "C", "D"]),
  base: fc.record({
    type: one(["filter", "filter", "nat"]),
    hook: one(["prerouting", "input", "forward", "output", "postrouting"] as const),
    priority: one([-300, -150, 0, 10, 300]),
    policy: one(["accept", "accept", "accept", "drop"] as const),
  }),
  rules: fc.array(rule, { maxLength: 3 }),
});

/** What may be amiss on the host. */
const host = (base: Scene): fc.Arbitrary<Partial<SceneHost>> =>
  fc
    .record({
      forwarding: one([
        { 4: true, 6: true },
        { 4: true, 6: true },
        { 4: false, 6: false },
      ] as const),
      bridgeFilter: one([undefined, [4], [4, 6]] as const),
      foreign: fc.oneof(fc.constant([]), fc.array(chain, { maxLength: 3 })),
      amiss: one([undefined, undefined, undefined, undefined, ...base.host.interfaces.keys()]),
      how: one(["gone", "down", "small", "free"] as const),
      without: one([undefined, undefined, undefined, ...base.host.routes.keys()]),
      more: some(
        [
          route("10.9.0.0/16", { type: "blackhole" }),
          route("203.0.113.0/24", { interface: "eth0" }),
          route("198.51.100.0/24", {}),
          route("10.2.0.3/32", { gateway: ip("192.0.2.77"), interface: "eth0" }),
          route("203.0.113.9/32", { type: "throw" }),
          route("198.51.100.7/32", { type: "local", interface: "lo", table: 255 }),
        ],
        2,
      ),
    })
    .map(({ forwarding, bridgeFilter, foreign, amiss, how, without, more }) => {
      const interfaces = base.host.interfaces.flatMap((link, i) => {
        if (i !== amiss) return [link];
        const { master: _, ...free } = link;
        return { gone: [], down: [{ ...link, up: false }], small: [{ ...link, mtu: 1280 }], free: [free] }[
          how
        ];
      });
      const routes = [...base.host.routes.filter((_, i) => i !== without), ...more];
      return {
        forwarding,
        foreign,
        interfaces,
        routes,
        ...(bridgeFilter === undefined ? {} : { bridgeFilter }),
      };
    });

/** Networks that hang on the uplink: none, one, or two on the same. */
const onUplink = fc
  .record({
    count: one([0, 0, 1, 2]),
    modes: fc.tuple(one(macvlanModes), one(["bridge", "private"] as const)),
    hostAccess: fc.boolean(),
    vlan: one([false, false, false, true]),
  })
  .map(({ count, modes: [first, second], hostAccess, vlan }) =>
    [
      lan("three", {
        mode: first,
        ...(hostAccess && first === "bridge" ? { hostAccess: true } : {}),
        ...(vlan ? { vlan: 7, lower: "eth0.7" } : {}),
      }),
      lan("four", { mode: second }),
    ].slice(0, count),
  );

const vnicsIn = (networks: ReturnType<typeof lan>[]): readonly Plan[] =>
  networks.flatMap((network, i) => [
    vnicOnLan(network, `m${i}`, [`192.0.2.${100 + i}/24`, `2001:db8::${100 + i}/64`]),
    vnicOnLan(network, `n${i}`, [`192.0.2.${102 + i}/24`]),
  ]);

const localScene: fc.Arbitrary<Scene> = fc
  .tuple(
    networkOf("one", ["10.1.0.1/24", "fd01::1/64"], "two"),
    networkOf("two", ["10.2.0.1/24", "fd02::1/64"], "one"),
    onUplink,
  )
  .chain(([first, second, hanging]) =>
    fc
      .tuple(endpointIn(first, "a", 2), endpointIn(first, "b", 3), endpointIn(second, "c", 2))
      .map((plans) => scene([first, second, ...hanging], [...plans, ...vnicsIn(hanging)])),
  )
  .chain((base) => host(base).map((over) => ({ ...base, host: { ...base.host, ...over } })));

/** One of two hosts of an overlay network, which may miss some of what it needs to reach the other. */
const overlayScene: fc.Arbitrary<Scene> = fc
  .record({
    mode: one(overlayModes),
    isolated: fc.boolean(),
    reachable: one([undefined, true, ["nat"]] as const),
    nat: one([{}, { reachable: true }, { reachable: ["blue"] }] as const),
    directory: one([{}, { type: "etcd", revision: "7" }, false] as const),
    policies: policiesFor(["10.40.1.2/24", "10.50.0.12/24"]),
    peerMtu: one([undefined, 1400]),
    rows: one([undefined, undefined, "fdb", "neighbours"] as const),
  })
  .map(({ mode, isolated, reachable, nat, directory, policies, peerMtu, rows }) => {
    const own = addressesAt(1, mode, 2);
    const fitting = policies.filter((policy) =>
      policy.kind === "PortMapping"
        ? own.includes(`${policy.address}/24`)
        : policy.kind !== "OutBoundNAT" || own.includes(`${policy.addresses[0]}/24`),
    );
    return overlayHost(1, mode, {
      ...(isolated ? { isolated: true } : {}),
      ...(reachable === undefined ? {} : { reachable }),
      nat,
      directory,
      peers: [peer(2, mode, peerMtu === undefined ? {} : { mtu: peerMtu })],
      web: { policies: fitting },
      host: () => (rows === undefined ? {} : { [rows]: [] }),
    }).scene;
  })
  .chain((base) => host(base).map((over) => ({ ...base, host: { ...base.host, ...over } })));

export const randomScene: fc.Arbitrary<Scene> = fc.oneof(
  { weight: 3, arbitrary: localScene },
  { weight: 1, arbitrary: overlayScene },
);

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const seldom = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as T;

const hostAdapterOf = (vswitch: Switch) => (vswitch.kind === "macvlan" ? vswitch.host : undefined);

function ipProbe(base: Scene): fc.Arbitrary<Probe> {
  const own = base.endpoints.map(({ vnic }) => vnic.mac);
  const bridges = base.networks.flatMap(
    ({ switch: vswitch }) => vswitch.mac ?? hostAdapterOf(vswitch)?.mac ?? [],
  );
  return one([4, 4, 6] as const).chain(
    (f) =>
      fc
        .record({
          kind: fc.constant("ip" as const),
          destination: fc.oneof(
            { weight: 2, arbitrary: one(addresses[f]) },
            { weight: 3, arbitrary: one(isOverlaid(base) ? far[f] : near[f]) },
          ),
          source: seldom(one(addresses[f])),
          protocol: one(protocols),
          sourcePort: fc.option(one(ports), { nil: undefined, freq: 6 }),
          destinationPort: fc.option(one(ports), { nil: undefined, freq: 6 }),
          opens: optional(fc.boolean()),
          icmpType: optional(one([0, 3, 8, 128, 129, 134, 135, 136])),
          target: optional(one(addresses[6])),
          fragment: fc.option(one(["first", "later"] as const), { nil: undefined, freq: 1 }),
          bytes: optional(one([60, 1280, 1400, 1500, 9000])),
          ttl: optional(one([0, 1, 2, 64])),
          sourceMac: seldom(one([...own, ...macs])),
          destinationMac: seldom(one([...own, ...bridges, ...macs])),
        })
        .map(defined) as fc.Arbitrary<Probe>,
  );
}

const arpProbe: fc.Arbitrary<Probe> = fc
  .record({
    kind: fc.constant("arp" as const),
    operation: one(["request", "request", "reply"] as const),
    targetIp: one(addresses[4]),
    senderIp: optional(one(addresses[4])),
    senderMac: fc.option(one(macs), { nil: undefined, freq: 1 }),
  })
  .map(defined) as fc.Arbitrary<Probe>;

function otherProbe(base: Scene): fc.Arbitrary<Probe> {
  const own = base.endpoints.map(({ vnic }) => vnic.mac);
  return fc
    .record({
      kind: fc.constant("other" as const),
      etherType: one([0x88b5, 0x8100, 40]),
      snap: optional(fc.constant(true as const)),
      destinationMac: one([...own, ...macs, mac("01:80:c2:00:00:0e")]),
      sourceMac: seldom(one([...own, ...macs])),
    })
    .map(defined) as fc.Arbitrary<Probe>;
}

/** A scene with one packet in it. */
export const randomCase: fc.Arbitrary<RandomCase> = randomScene.chain((base) => {
  const probe = fc.oneof(
    { weight: 8, arbitrary: ipProbe(base) },
    { weight: 1, arbitrary: arpProbe },
    { weight: 1, arbitrary: otherProbe(base) },
  );
  return fc.record({
    scene: fc.constant(base),
    start: fc.oneof(
      {
        weight: 6,
        arbitrary: one(base.endpoints).map(({ key }): TraceStart => ({ kind: "endpoint", key })),
      },
      { weight: 2, arbitrary: fc.constant<TraceStart>({ kind: "host" }) },
      { weight: 2, arbitrary: fc.constant<TraceStart>({ kind: "outside" }) },
      { weight: 1, arbitrary: fc.constant<TraceStart>({ kind: "outside", interface: "eth0" }) },
    ),
    probe,
    state: one(["new", "new", "established"] as const),
  });
});
