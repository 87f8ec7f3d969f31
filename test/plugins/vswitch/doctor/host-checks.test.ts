import { describe, expect, test } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type { Scene } from "../../../../lib/model/scene.ts";
import { bridgeFilter } from "../../../../plugins/vswitch/doctor/checks/bridge-filter.ts";
import { conntrack } from "../../../../plugins/vswitch/doctor/checks/conntrack.ts";
import { ephemeralPorts } from "../../../../plugins/vswitch/doctor/checks/ephemeral-ports.ts";
import { forwarding } from "../../../../plugins/vswitch/doctor/checks/forwarding.ts";
import { kernelFeatures } from "../../../../plugins/vswitch/doctor/checks/kernel-features.ts";
import { legacyIptables } from "../../../../plugins/vswitch/doctor/checks/legacy-iptables.ts";
import { listeners } from "../../../../plugins/vswitch/doctor/checks/listeners.ts";
import { mtu } from "../../../../plugins/vswitch/doctor/checks/mtu.ts";
import { neighbours } from "../../../../plugins/vswitch/doctor/checks/neighbours.ts";
import { reversePath } from "../../../../plugins/vswitch/doctor/checks/reverse-path.ts";
import { routerAdvertisements } from "../../../../plugins/vswitch/doctor/checks/router-advertisements.ts";
import { subnets } from "../../../../plugins/vswitch/doctor/checks/subnets.ts";
import { uplink } from "../../../../plugins/vswitch/doctor/checks/uplink.ts";
import { usual } from "../../../lib/model/path/story.ts";
import { network, scene } from "../graph/scenes.ts";
import { db, findings, nat, web } from "./patients.ts";

const plain = scene([], []).host;
const onHost = (host: Partial<Scene["host"]>): Scene => scene([nat], [web, db], host);
const withMtu = (mtu: number): Scene =>
  onHost({ interfaces: plain.interfaces.map((one) => (one.name === "eth0" ? { ...one, mtu } : one)) });
const second = { name: "eth1", mtu: 1500, up: true, addresses: [prefix("198.51.100.1/24")] };
const route = (destination: string, name: string, priority = 0) => ({
  destination: prefix(destination),
  interface: name,
  type: "unicast",
  priority,
  table: 254,
});

describe("kernel features", () => {
  test("that every network needs are an error when they are missing, those of a policy a warning", async () => {
    const features = [
      { name: "bridge", neededFor: "every network", modules: ["bridge"] },
      { name: "veth", neededFor: "every network", modules: ["veth"], refusal: "EOPNOTSUPP" },
      { name: "ifb", neededFor: "QOS", modules: ["ifb", "sch_ingress"], refusal: "ENOENT" },
    ] as const;
    expect(await findings(kernelFeatures, { probe: { features } })).toEqual([
      "error: the kernel has no veth: no network can be attached to",
      "  EOPNOTSUPP",
      "  $ modprobe veth",
      "warning: the kernel has no ifb: attachments with a QOS policy fail",
      "  ENOENT",
      "  $ modprobe ifb",
      "  $ modprobe sch_ingress",
    ]);
  });
});

describe("a kernel without taps", () => {
  const features = [{ name: "tap", neededFor: "vnic vmNic", modules: ["tun"], refusal: "ENOENT" }] as const;

  test.each([
    [{}, 'note: the kernel has no tap: no network can have "vnic": "vmNic"'],
    [{ web: { vm: {} } }, "error: the kernel has no tap: no virtual machine can be attached"],
  ])("is an error for who has virtual machines, else a note: %j", async (host, title) => {
    const { scene } = usual(host);
    expect((await findings(kernelFeatures, { scene, probe: { features } }))[0]).toBe(title);
  });
});

describe("forwarding", () => {
  test("that is off is an error for the family that a network has", async () => {
    const off = onHost({ forwarding: { 4: false, 6: false } });
    expect(await findings(forwarding, { scene: off })).toEqual([
      "error: IPv4 forwarding is off: no IPv4 packet leaves nat",
      "  net.ipv4.ip_forward = 0",
      "  $ sysctl -w net.ipv4.ip_forward=1",
      "error: IPv6 forwarding is off: no IPv6 packet leaves nat",
      "  net.ipv6.conf.all.forwarding = 0",
      "  $ sysctl -w net.ipv6.conf.all.forwarding=1",
    ]);
    const small = network("small", { gateways: ["10.9.0.1/24"] });
    const only4 = scene([small], [], { forwarding: { 4: true, 6: false } });
    expect(await findings(forwarding, { scene: only4 })).toEqual([]);
    expect(
      await findings(forwarding, { scene: scene([], [], { forwarding: { 4: false, 6: false } }) }),
    ).toEqual([]);
  });

  test("that is off at one interface is found too, whose name may have dots", async () => {
    const dotted = onHost({
      interfaces: [{ name: "eth0.7", mtu: 1500, up: true, addresses: [] }],
      routes: [route("0.0.0.0/0", "eth0.7")],
    });
    const sysctls = { "ipv4/conf/eth0.7/forwarding": "0", "ipv4/conf/vsw-nat/forwarding": "1" };
    expect(await findings(forwarding, { scene: dotted, sysctls })).toEqual([
      "error: IPv4 forwarding is off at eth0.7: what comes in there is not passed on",
      "  net.ipv4.conf.eth0.7.forwarding = 0",
      "  $ sysctl -w net/ipv4/conf/eth0.7/forwarding=1",
    ]);
  });
});

test("a host without a default route of a network's family reaches only what is near", async () => {
  const only4 = onHost({ routes: [route("0.0.0.0/0", "eth0")] });
  expect(await findings(uplink, { scene: only4 })).toEqual([
    "note: the host has no IPv6 default route: from nat one reaches what is near only",
    "  no unicast route to ::/0 in the main table",
  ]);
  expect(await findings(uplink)).toEqual([]);
});

describe("subnets", () => {
  test("that an interface or a route of the host has too are an error", async () => {
    const clash = onHost({
      interfaces: [...plain.interfaces, { ...second, addresses: [prefix("10.61.0.200/16")] }],
      routes: [route("10.61.0.0/16", "eth1"), route("10.61.0.128/25", "tun0"), route("0.0.0.0/1", "tun0")],
    });
    expect(await findings(subnets, { scene: clash })).toEqual([
      "error: subnet 10.61.0.0/24 of network nat overlaps another one of this host",
      "  10.61.0.200/16 is an address of eth1",
      "  a route leads to 10.61.0.128/25 by tun0",
    ]);
  });

  test("that two networks have both are a warning, and the switch's own routes are none", async () => {
    const twin = network("twin", { gateways: ["10.61.0.129/25"] });
    const twins = scene([nat, twin], [web], { routes: [route("10.61.0.0/24", "vsw-nat")] });
    expect((await findings(subnets, { scene: twins }))[0]).toBe(
      "warning: networks nat and twin have the subnet 10.61.0.0/24 both",
    );
    expect(await findings(subnets, { scene: scene([nat], [web], twins.host) })).toEqual([]);
  });
});

test("a network that takes larger packets than the uplink is a warning", async () => {
  expect(await findings(mtu, { scene: withMtu(1400) })).toEqual([
    "warning: network nat takes packets of 1500 bytes, the uplink eth0 of 1400",
    "  MTU of vsw-nat is 1500, of eth0 1400",
    "  MTU of eth0 in web is 1500",
    "  MTU of eth0 in db is 1500",
    "  $ ip link set dev eth0 mtu 1500",
  ]);
  expect(await findings(mtu, { scene: withMtu(9000) })).toEqual([]);
});

describe("settings of the kernel", () => {
  const twoWays = onHost({
    interfaces: [...plain.interfaces, second],
    routes: [route("0.0.0.0/0", "eth0"), route("0.0.0.0/0", "eth1", 100)],
  });

  test("strict reverse-path filtering hurts where there are several uplinks", async () => {
    const sysctls = { "ipv4/conf/all/rp_filter": "1", "ipv4/conf/eth1/rp_filter": "2" };
    expect(await findings(reversePath, { scene: twoWays, sysctls })).toEqual([
      "warning: several uplinks, and strict reverse-path filtering at eth0",
      "  default routes by eth0 and eth1",
      "  rp_filter of eth0 is 1",
      "  $ sysctl -w net.ipv4.conf.all.rp_filter=2",
      "  $ sysctl -w net/ipv4/conf/eth0/rp_filter=2",
    ]);
    expect(await findings(reversePath, { sysctls })).toEqual([]);
  });

  test("a default route from router advertisements expires on a host that forwards", async () => {
    const zeros = "0".repeat(32);
    const line = (flags: string, name: string) =>
      `${zeros} 00 ${zeros} 00 fe80${"0".repeat(28)} 00000400 00000001 00000000 ${flags}     ${name}`;
    const texts = { "/proc/net/ipv6_route": `${line("00450003", "eth0")}\n${line("00000003", "eth1")}\n` };
    const sysctls = { "ipv6/conf/eth0/accept_ra": "1", "ipv6/conf/eth1/accept_ra": "1" };
    expect(await findings(routerAdvertisements, { texts, sysctls })).toEqual([
      "warning: the IPv6 default route of eth0 will expire",
      "  it comes from router advertisements, which accept_ra = 1 ignores on a host that forwards",
      "  $ sysctl -w net/ipv6/conf/eth0/accept_ra=2",
    ]);
    expect(
      await findings(routerAdvertisements, { texts, sysctls: { "ipv6/conf/eth0/accept_ra": "2" } }),
    ).toEqual([]);
  });

  test("br_netfilter is worth knowing where a firewall filters what is forwarded", async () => {
    const sysctls = { "bridge/bridge-nf-call-iptables": "1", "bridge/bridge-nf-call-ip6tables": "0" };
    const base = { type: "filter", hook: "forward", priority: 0, policy: "accept" } as const;
    const filtered = onHost({ foreign: [{ table: "ip filter", chain: "FORWARD", base, rules: [] }] });
    expect(await findings(bridgeFilter, { scene: filtered, sysctls })).toEqual([
      "note: frames between containers of one network pass the host's firewall too (br_netfilter)",
      "  net.bridge.bridge-nf-call-iptables = 1",
      "  $ sysctl -w net.bridge.bridge-nf-call-iptables=0",
    ]);
    expect(await findings(bridgeFilter, { sysctls })).toEqual([]);
  });

  test.each([
    [100, undefined],
    [800, "warning"],
    [960, "error"],
  ])("a table of 1000 connections with %i of them: %s", async (count, severity) => {
    const sysctls = { "netfilter/nf_conntrack_max": "1000\n", "netfilter/nf_conntrack_count": `${count}\n` };
    const [title = "", , command] = await findings(conntrack, { sysctls });
    expect(title.split(":")[0] || undefined).toBe(severity);
    if (severity) expect(command).toBe("  $ sysctl -w net.netfilter.nf_conntrack_max=2000");
  });

  test("a table of neighbours that is nearly full is a warning", async () => {
    const many = onHost({
      neighbours: Array.from({ length: 820 }, (_, i) => ({
        address: ip(`10.61.${i >> 8}.${i & 255}`),
        mac: mac("02:00:00:00:00:01"),
        interface: "vsw-nat",
      })),
    });
    const sysctls = { "ipv4/neigh/default/gc_thresh3": "1024", "ipv6/neigh/default/gc_thresh3": "1024" };
    expect((await findings(neighbours, { scene: many, sysctls })).slice(1)).toEqual([
      "  820 entries, gc_thresh3 is 1024",
      "  $ sysctl -w net.ipv4.neigh.default.gc_thresh3=4096",
    ]);
  });
});

describe("published ports", () => {
  const sysctls = {
    "ipv4/ip_local_port_range": "8000\t60999\n",
    "ipv4/ip_local_reserved_ports": "9000-9010",
  };

  test("in the host's own range are worth knowing, unless they are reserved", async () => {
    expect(await findings(ephemeralPorts, { sysctls })).toEqual([
      "note: published ports lie in the range that the host takes for its own connections",
      "  ip_local_port_range is 8000 to 60999",
      "  published: 8080",
      "  $ sysctl -w net.ipv4.ip_local_reserved_ports=9000-9010,8080",
    ]);
    const reserved = { ...sysctls, "ipv4/ip_local_reserved_ports": "1,8080-8081" };
    expect(await findings(ephemeralPorts, { sysctls: reserved })).toEqual([]);
  });

  test("on which a program of the host listens too are worth knowing", async () => {
    const text = [
      "  sl  local_address rem_address   st tx_queue rx_queue",
      "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000",
      "   1: 0100007F:1F91 00000000:0000 01 00000000:00000000",
    ].join("\n");
    expect(await findings(listeners, { texts: { "/proc/net/tcp": text } })).toEqual([
      "note: a program of the host listens on a published port too",
      "  tcp 8080, which leads to web",
    ]);
    expect(await findings(listeners)).toEqual([]);
  });
});

test("tables of the legacy iptables are worth knowing, save for those that only translate", async () => {
  const probe = { legacyTables: ["ip filter", "ip nat", "ip6 mangle"] };
  expect(await findings(legacyIptables, { probe })).toEqual([
    "note: there are tables of the legacy iptables, which nft does not list",
    "  table ip filter",
    "  table ip6 mangle",
    "  $ iptables-legacy -t filter -S",
    "  $ ip6tables-legacy -t mangle -S",
  ]);
});
