import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Attached, whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayHost, type OverlayLab } from "./overlay-lab.ts";

const why = whyNoNat();

interface Damage {
  readonly what: string;
  /** Each with what CHECK says of it. */
  readonly changes: readonly (readonly [command: string, says: string])[];
}

const ofTunnel = (name: string, vni: number): readonly Damage[] => [
  { what: "its tunnel is down", changes: [[`ip link set ${name} down`, `tunnel ${name}, up`]] },
  {
    what: "its tunnel is gone",
    changes: [[`ip link delete ${name}`, `tunnel ${name} with VNI ${vni} at UDP port 4789`]],
  },
  {
    what: "its tunnel has lost its mark",
    changes: [[`ip link set ${name} alias ""`, `tunnel ${name}, alias`]],
  },
  {
    what: "its tunnel is not as it was",
    changes: [
      [`ip link set ${name} mtu 1300`, `tunnel ${name}, mtu 1450`],
      [`ip link set ${name} address 0e:2a:00:00:00:99`, `tunnel ${name}, address 0e:2a:c0:00:02:01`],
      [`ip link set ${name} type vxlan local 192.0.2.77`, `tunnel ${name}, type vxlan local 192.0.2.1`],
    ],
  },
  {
    what: "the rules do not know its packets and its peers",
    changes: [
      [`nft "delete element inet vswitch tunnels { 4789 . ${vni} . 0 }"`, "inet vswitch tunnels"],
      [
        `nft "delete element inet vswitch vteps4 { 192.0.2.2 . ${vni} . 0 }"`,
        "inet vswitch vteps4 { 192.0.2.2",
      ],
      [
        `nft "add element inet vswitch vteps4 { 192.0.2.9 . ${vni} . 0 comment \\"vswitch:network ${name.slice(4)}\\" }"`,
        "inet vswitch vteps4 { 192.0.2.9",
      ],
    ],
  },
  {
    what: "the rules are flushed",
    changes: [["nft flush chain inet vswitch tunnel_from", "rules of the nftables tables"]],
  },
];

const cases = {
  routed: [
    ...ofTunnel("vsx-blue", 4097),
    {
      what: "the rows to a peer are gone",
      changes: [
        ["bridge fdb delete 0e:2a:c0:00:02:02 dev vsx-blue dst 192.0.2.2 self", "fdb 0e:2a:c0:00:02:02"],
        ["ip neighbour delete fe80::c2a:c0ff:fe00:202 dev vsx-blue", "neigh fe80::c2a:c0ff:fe00:202"],
        ["ip route delete 10.40.2.0/24 metric 100", "route 10.40.2.0/24 nhid"],
        [
          "ip -6 route delete unreachable fd00:40:2::/64 metric 1879052289",
          "route unreachable fd00:40:2::/64",
        ],
        ['nft "delete element inet vswitch routed_tunnels { vsx-blue }"', "inet vswitch routed_tunnels"],
      ],
    },
    { what: "the next hops are gone", changes: [["ip nexthop flush proto 118", "nexthop id"]] },
    {
      what: "there are rows to nobody",
      changes: [
        [
          "bridge fdb append 0e:2a:c0:00:02:07 dev vsx-blue dst 192.0.2.7 self permanent",
          "fdb 0e:2a:c0:00:02:07",
        ],
        [
          "bridge fdb replace 0e:2a:c0:00:02:02 dev vsx-blue dst 192.0.2.99 self permanent",
          "fdb 0e:2a:c0:00:02:02",
        ],
        ["ip neighbour add fe80::7 lladdr 0e:2a:c0:00:02:07 dev vsx-blue protocol 118", "neigh fe80::7"],
        [
          "ip route add 10.40.7.0/24 dev vsx-blue protocol 118 metric 100",
          "route unicast 10.40.7.0/24 metric 100: expected absent",
        ],
      ],
    },
  ],
  stretched: [
    ...ofTunnel("vsx-red", 5001),
    {
      what: "its tunnel has left the bridge",
      changes: [["ip link set vsx-red nomaster", "tunnel vsx-red, master vsw-red"]],
    },
    {
      what: "its tunnel floods and learns",
      changes: [
        ["bridge link set dev vsx-red learning on", "learning off"],
        ["bridge link set dev vsx-red flood on", "flood off"],
        ["bridge link set dev vsx-red mcast_flood on", "mcast_flood off"],
        ["bridge link set dev vsx-red neigh_suppress off", "neigh_suppress on"],
      ],
    },
    {
      what: "the rows of a container of another host are gone",
      changes: [
        ["bridge fdb delete 0e:2a:0a:32:00:20 dev vsx-red master", "fdb 0e:2a:0a:32:00:20 dev"],
        ["bridge fdb delete 0e:2a:0a:32:00:21 dev vsx-red dst 192.0.2.2 self", "fdb 0e:2a:0a:32:00:21"],
        ["ip neighbour delete fd00:50::20 dev vsw-red", "neigh fd00:50::20"],
      ],
    },
  ],
} as const satisfies Record<string, readonly Damage[]>;

describe.skipIf(why).each(["routed", "stretched"] as const)(
  `CHECK of an overlay network, %s${why ? ` (${why})` : ""}`,
  (mode) => {
    let lab: OverlayLab;
    let first: OverlayHost;
    let a: Attached;
    let b: Attached;
    beforeAll(async () => {
      lab = await createOverlayLab({ mode });
      first = lab.hosts[0] as OverlayHost;
      [a, b] = (await Promise.all(lab.hosts.map((host) => host.add()))) as [Attached, Attached];
    });
    afterAll(() => lab?.[Symbol.asyncDispose]());

    it("passes where nobody has changed anything", async () => {
      expect(await first.check(a)).toMatchObject({ exitCode: 0, stdout: "" });
    });

    it.each<Damage>(cases[mode])(
      "names each thing, and the next ADD mends it: $what",
      async ({ changes }) => {
        const { host } = first;
        await host.exec(host.ns, "sh", "-ec", changes.map(([command]) => command).join("\n"));
        const told = await first.check(a);
        const { code, msg } = JSON.parse(told.stdout);
        expect(code).toBe(109);
        for (const [, says] of changes) expect(msg).toContain(says);
        const next = await first.add();
        await first.done("DEL", { id: next.id, netns: next.ns.path });
        expect(await first.check(a)).toMatchObject({ exitCode: 0, stdout: "" });
        for (const address of [b.ip4, b.ip6]) expect(await host.answersPing(a.ns, address)).toBe(true);
      },
    );

    it("names a tunnel of somebody else in its place, which the next ADD does not touch", async () => {
      const { host } = first;
      const { name: network, vni } = first.config;
      const tunnel = `vsx-${network}`;
      await host.exec(
        host.ns,
        "sh",
        "-ec",
        `ip link delete ${tunnel}; ip link add ${tunnel} type vxlan id 77 dstport 4789`,
      );
      const told = await first.check(a);
      expect(JSON.parse(told.stdout).msg).toContain(
        `tunnel ${tunnel} with VNI ${vni} at UDP port 4789: expected present`,
      );
      const before = await host.snapshot(first.everything);
      const netns = (await host.compartment()).path;
      expect(await first.refused("ADD", { id: "late", netns })).toMatchObject({
        code: 108,
        msg: `interface ${tunnel} of kind vxlan is not ours`,
        details: `remove it: ip link delete ${tunnel}`,
      });
      expect(await host.changes(before, first.everything)).toBe("");
    });
  },
);
