import { describe, expect, test } from "vitest";
import { prefix } from "../../../../lib/addr/prefix.ts";
import { absent } from "../../../../lib/model/compare.ts";
import type { ForeignChain, ForeignRule } from "../../../../lib/model/foreign.ts";
import type { SceneInterface, SceneRoute } from "../../../../lib/model/scene.ts";
import { foreignFirewall } from "../../../../plugins/vswitch/doctor/checks/foreign-firewall.ts";
import { kernelFeatures } from "../../../../plugins/vswitch/doctor/checks/kernel-features.ts";
import { mtu } from "../../../../plugins/vswitch/doctor/checks/mtu.ts";
import { neighbours } from "../../../../plugins/vswitch/doctor/checks/neighbours.ts";
import { overlayFirewall } from "../../../../plugins/vswitch/doctor/checks/overlay-firewall.ts";
import { overlayRows } from "../../../../plugins/vswitch/doctor/checks/overlay-rows.ts";
import { overlayTunnel } from "../../../../plugins/vswitch/doctor/checks/overlay-tunnel.ts";
import { overlayUnderlay } from "../../../../plugins/vswitch/doctor/checks/overlay-underlay.ts";
import { subnets } from "../../../../plugins/vswitch/doctor/checks/subnets.ts";
import { type OverlayHostCase, overlayHost, peer, vtepOf } from "../../../lib/model/path/overlay-scene.ts";
import { findings, type PatientOptions } from "./patients.ts";

const routed = (of: OverlayHostCase = {}): PatientOptions => ({ scene: overlayHost(1, "routed", of).scene });
const withLink = (name: string, over: Partial<SceneInterface>): OverlayHostCase => ({
  host: (host) => ({
    interfaces: host.interfaces.map((link) => (link.name === name ? { ...link, ...over } : link)),
  }),
});
const withoutLink = (name: string): OverlayHostCase => ({
  host: (host) => ({ interfaces: host.interfaces.filter((link) => link.name !== name) }),
});
const withRoutes = (change: (routes: readonly SceneRoute[]) => readonly SceneRoute[]): OverlayHostCase => ({
  host: (host) => ({ routes: change(host.routes) }),
});
const chain = (
  hook: "input" | "output" | "forward" | "postrouting",
  policy: "accept" | "drop",
  rules: readonly ForeignRule[] = [],
  type = "filter",
): ForeignChain => ({ table: "inet fw", chain: hook, base: { type, hook, priority: 0, policy }, rules });
const foreign = (...chains: readonly ForeignChain[]): OverlayHostCase => ({
  host: () => ({ foreign: chains }),
});

describe("a host of an overlay network that is well", () => {
  test.each(["routed", "stretched"] as const)("is found so (%s)", async (mode) => {
    const { scene } = overlayHost(1, mode);
    const checks = [
      overlayUnderlay,
      overlayTunnel,
      overlayFirewall,
      overlayRows,
      subnets,
      mtu,
      foreignFirewall,
    ];
    for (const check of checks) expect([check.id, await findings(check, { scene })]).toEqual([check.id, []]);
  });
});

describe("the underlay of an overlay network", () => {
  test("that carries less than the network was made for is an error with both numbers", async () => {
    expect(await findings(overlayUnderlay, routed(withLink("eth0", { mtu: 1400 })))).toEqual([
      "error: the uplink eth0 carries packets of 1400 bytes, overlay network blue needs 1500",
      "  the network was made for packets of 1450 bytes, and VXLAN over IPv4 adds 50",
      "  packets of more than 1350 bytes to other hosts are lost, and nobody is told",
      "  $ ip link set dev eth0 mtu 1500",
    ]);
    const others = await findings(mtu, routed(withLink("eth0", { mtu: 1400 })));
    expect(others.filter((line) => line.includes("blue"))).toEqual([]);
  });

  test("without the VTEP is an error; with the VTEP elsewhere a warning", async () => {
    const moved = withLink("eth0", { addresses: [prefix("192.0.2.77/24")] });
    expect(await findings(overlayUnderlay, routed(moved))).toEqual([
      "error: the VTEP 192.0.2.1 of overlay network blue is no address of the host any more",
      "  eth0 has 192.0.2.77/24",
      "  $ ip address add 192.0.2.1/24 dev eth0",
    ]);
    const elsewhere: OverlayHostCase = {
      host: (host) => ({
        interfaces: host.interfaces.map((link) => {
          if (link.name === "eth0") return { ...link, addresses: [] };
          return link.name === "lo"
            ? { ...link, addresses: [...link.addresses, prefix("192.0.2.1/32")] }
            : link;
        }),
      }),
    };
    expect(await findings(overlayUnderlay, routed(elsewhere))).toEqual([
      "warning: the VTEP 192.0.2.1 of overlay network blue is not on its uplink eth0",
      "  eth0 has no IPv4 address",
      "  lo has 192.0.2.1",
    ]);
  });

  test.each([
    [withoutLink("eth0"), "error: the uplink eth0 of overlay network blue is gone"],
    [withLink("eth0", { up: false }), "error: the uplink eth0 of overlay network blue is down"],
    [withLink("eth0", { carrier: false }), "error: the uplink eth0 of overlay network blue has no carrier"],
  ])("that is not there, down or without a carrier is an error (%#)", async (of, title) => {
    expect((await findings(overlayUnderlay, routed(of)))[0]).toBe(title);
  });

  test("by which a host is not reached is an error with the route that is missing or forbids it", async () => {
    const peers = [peer(2, "routed"), peer(3, "routed", { vtep: vtepOf(1) }), peer(4, "routed")];
    const of = withRoutes((routes) => [
      ...routes.filter(({ destination, interface: name }) => name !== "eth0" || destination.includes(":")),
      { destination: prefix("192.0.2.4/32"), type: "blackhole", priority: 0, table: 254 },
    ]);
    expect(await findings(overlayUnderlay, routed({ ...of, peers }))).toEqual([
      "error: 2 hosts of overlay network blue cannot be reached on the underlay",
      "  192.0.2.2 (host-2): no route",
      "  192.0.2.4 (host-4): blackhole 192.0.2.4/32",
      "error: the directory of overlay network blue names this host's own address for another one",
      "  host-3 is said to have 192.0.2.1",
    ]);
  });

  test("that filters strictly is a warning where hosts are reached by another way", async () => {
    const second = { name: "eth1", mtu: 1500, up: true, addresses: [] };
    const of: OverlayHostCase = {
      host: (host) => ({
        interfaces: [...host.interfaces, second],
        routes: [
          ...host.routes,
          {
            destination: prefix("192.0.2.2/32"),
            interface: "eth1",
            type: "unicast",
            priority: 0,
            table: 254,
          },
        ],
      }),
    };
    const filtered = (all: string, own: string) =>
      findings(overlayUnderlay, {
        ...routed(of),
        sysctls: { "ipv4/conf/all/rp_filter": all, "ipv4/conf/eth0/rp_filter": own },
      });
    expect(await filtered("0", "1")).toEqual([
      "warning: eth0 filters reverse paths strictly, and 1 host of blue is reached elsewhere",
      "  192.0.2.2 (host-2): 192.0.2.2/32 dev eth1",
      "  $ sysctl -w net/ipv4/conf/eth0/rp_filter=2",
    ]);
    expect([await filtered("2", "1"), await filtered("0", "0")]).toEqual([[], []]);
  });
});

describe("the tunnel of an overlay network", () => {
  test("that is gone or down is an error that repair mends", async () => {
    expect(await findings(overlayTunnel, routed(withoutLink("vsx-blue")))).toEqual([
      "error: overlay network blue does not reach its other hosts",
      "  there is no interface vsx-blue",
      "  $ vswitch repair blue",
    ]);
    expect(await findings(overlayTunnel, routed(withLink("vsx-blue", { up: false })))).toContain(
      "  vsx-blue is down",
    );
  });

  test("in whose place another one receives is an error that names it", async () => {
    const vxlan = { vni: 4097, udpPort: 4789 };
    const rival = { name: "flannel.4097", kind: "vxlan", mtu: 1450, up: true, addresses: [], vxlan };
    const beside: OverlayHostCase = { host: (host) => ({ interfaces: [...host.interfaces, rival] }) };
    expect(await findings(overlayTunnel, routed(beside))).toEqual([
      "error: flannel.4097 receives what is for overlay network blue",
      "  flannel.4097 has VNI 4097 at UDP port 4789, as the network",
      "  $ ip link delete flannel.4097",
      "  $ vswitch repair blue",
    ]);
    const other = { ...rival, vxlan: { vni: 4097, udpPort: 8472 } };
    expect(
      await findings(
        overlayTunnel,
        routed({ host: (host) => ({ interfaces: [...host.interfaces, other] }) }),
      ),
    ).toEqual([]);
  });

  test("without checksum offload is a warning, where nobody asked for that", async () => {
    const vxlan = { vni: 4097, udpPort: 4789, lateChecksums: false };
    const of = withLink("vsx-blue", { vxlan });
    expect((await findings(overlayTunnel, routed(of)))[0]).toMatch(
      /^warning: vsx-blue .* makes checksums early/,
    );
    expect(await findings(overlayTunnel, routed({ ...of, tunnel: { checksums: "early" } }))).toEqual([]);
  });

  test("whose directory nobody follows is a warning", async () => {
    const etcd = { type: "etcd", revision: "4711" } as const;
    expect(await findings(overlayTunnel, routed({ directory: { ...etcd, followed: false } }))).toEqual([
      "warning: nobody follows the directory of overlay network blue",
      "  what is known of its hosts is of etcd, revision 4711",
      "  no vswitch agent runs: hosts and subnets that come or go are not seen, and this host announces nothing",
      "  $ systemctl enable --now vswitch-agent",
    ]);
    expect(await findings(overlayTunnel, routed({ directory: { ...etcd, followed: true } }))).toEqual([]);
  });

  test("of a network without containers on this host is not missed", async () => {
    const { scene } = overlayHost(1, "routed", withoutLink("vsx-blue"));
    expect(await findings(overlayTunnel, { scene: { ...scene, endpoints: [] } })).toEqual([]);
  });
});

describe("firewalls and the outer packets of an overlay network", () => {
  const established: ForeignRule = {
    text: "ct state established,related accept",
    conditions: [{ kind: "state", states: ["established", "related"] }],
    verdict: { kind: "accept" },
  };
  const open: ForeignRule = {
    text: "udp dport 4789 accept",
    conditions: [
      { kind: "protocol", protocols: [17] },
      { kind: "destinationPort", ranges: [{ first: 4789, last: 4789 }] },
    ],
    verdict: { kind: "accept" },
  };

  test("an input policy drops them, though it lets established connections in", async () => {
    expect(await findings(overlayFirewall, routed(foreign(chain("input", "drop", [established]))))).toEqual([
      "error: a firewall drops what overlay network blue gets from other hosts",
      "  the policy of inet fw input is drop",
      "  such packets belong to no connection: a rule for established ones does not let them in",
      "  $ nft insert rule inet fw input udp dport 4789 accept",
    ]);
  });

  test("an output policy drops them on their way out", async () => {
    expect((await findings(overlayFirewall, routed(foreign(chain("output", "drop")))))[0]).toBe(
      "error: a firewall drops what overlay network blue sends to other hosts",
    );
  });

  test("a rule that opens the port lets them in", async () => {
    const of = foreign(chain("input", "drop", [established, open]));
    expect(await findings(overlayFirewall, routed(of))).toEqual([]);
  });

  test("a policy behind a rule that is not understood probably drops them; such a rule alone may", async () => {
    const unknown = { text: "meta mark 7", conditions: [{ kind: "unknown", text: "meta mark 7" }] } as const;
    const accepts: ForeignRule = { ...unknown, verdict: { kind: "accept" } };
    const drops: ForeignRule = { ...unknown, verdict: { kind: "drop" } };
    const first = async (...chains: ForeignChain[]) =>
      (await findings(overlayFirewall, routed(foreign(...chains))))[0];
    expect(await first(chain("input", "drop", [accepts]))).toMatch(/^warning: a firewall probably drops/);
    expect(await first(chain("input", "accept", [drops]))).toMatch(/^note: rules of other programs may drop/);
  });

  test("others' translation of addresses does not meet them, and is no matter", async () => {
    const masquerade: ForeignRule = {
      text: 'oifname "eth0" masquerade',
      conditions: [{ kind: "out", interface: "eth0" }],
      verdict: { kind: "unknown", text: "masquerade" },
    };
    const nat = chain("postrouting", "accept", [masquerade], "nat");
    expect(await findings(overlayFirewall, routed(foreign(nat)))).toEqual([]);
  });

  test("a policy of what is forwarded drops what is inside, towards other hosts and from them", async () => {
    const found = await findings(foreignFirewall, routed(foreign(chain("forward", "drop"))));
    expect(found).toContain("  dropped: what its containers send to other hosts (IPv4)");
    expect(found).toContain("  dropped: what its containers get from other hosts (IPv6)");
  });
});

describe("rows of other hosts", () => {
  test("that differ are an error that repair mends", async () => {
    const differences = absent("fdb 0e:2a:c0:00:02:02 dev index 4 dst 192.0.2.2 self");
    const rows = () => [
      { network: "blue", verdict: "differs" as const, differences },
      { network: "red", verdict: "as planned" as const, differences: [] },
    ];
    expect(await findings(overlayRows, { ...routed(), rows })).toEqual([
      "error: 1 row of overlay network blue is not as its directory says",
      "  absent: fdb 0e:2a:c0:00:02:02 dev index 4 dst 192.0.2.2 self",
      "  $ vswitch repair blue",
    ]);
  });

  test("take no room of neighbours that are asked for, save on old kernels", async () => {
    const many = Array.from({ length: 2000 }, (_, i) => peer(2, "routed", { node: `${i}` }));
    const of: OverlayHostCase = {
      host: (host) => ({
        neighbours: many.map(() => ({
          ...(host.neighbours[1] as never as object),
          permanent: true,
        })) as never,
      }),
    };
    const on = (release: string) =>
      findings(neighbours, {
        ...routed(of),
        texts: { "/proc/sys/kernel/osrelease": release },
        sysctls: { "ipv6/neigh/default/gc_thresh3": "1024" },
      });
    expect(await on("6.1.0-30-amd64\n")).toEqual([]);
    expect((await on("4.19.0\n"))[0]).toMatch(/^warning: the table of IPv6 neighbours/);
  });
});

describe("a kernel that lacks what overlay networks need", () => {
  const features = [
    { name: "vxlan", neededFor: "network overlay", modules: ["vxlan"], refusal: "EOPNOTSUPP" },
    { name: "next hop objects", neededFor: "mode routed", modules: [], refusal: "EOPNOTSUPP" },
  ] as const;
  const titles = async (options: PatientOptions) =>
    (await findings(kernelFeatures, { ...options, probe: { features } })).filter(
      (line) => !line.startsWith(" "),
    );

  test("is an error for who has such a network, and nothing for who has none", async () => {
    const no = (what: string) => `error: the kernel has no ${what}: nothing can be attached to blue`;
    expect(await titles(routed())).toEqual([no("vxlan"), no("next hop objects")]);
    expect(await titles({ scene: overlayHost(1, "stretched").scene })).toEqual([no("vxlan")]);
    expect(await titles({})).toEqual([]);
  });
});
