import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { prefix } from "../../lib/addr/prefix.ts";
import { parseRuntimeConfig } from "../../lib/cni/capability.ts";
import type { JsonObject } from "../../lib/cni/read.ts";
import { planHosted } from "../../lib/hosted/plan.ts";
import { formatPolicy } from "../../lib/policy/format-policy.ts";
import { configuredSubnets } from "../../lib/verbs/network-spec.ts";
import { plainName } from "../../plugins/names.ts";
import { parseNatConfig } from "../../plugins/nat/config.ts";
import { natSwitch } from "../../plugins/nat/network.ts";
import { parseOverlayConfig } from "../../plugins/overlay/config.ts";
import { overlaySwitch } from "../../plugins/overlay/network.ts";
import { overlay } from "../../plugins/overlay/plugin.ts";
import { host, ipamResult } from "../plugins/nat/fixture.ts";
import { capabilityArgs } from "./capability-args.ts";
import { toList } from "./chain.ts";

const folder = join(import.meta.dirname, "../../conf-examples");

const readList = (file: string) => toList(JSON.parse(readFileSync(join(folder, file), "utf8")));

/** The plan of a container with both families on an example's nat network. */
function planOf(file: string) {
  const list = readList(file);
  const nat = list.plugins.find(({ type }) => type === "nat");
  if (nat === undefined) return undefined;
  const asked = Object.entries(capabilityArgs).filter(([name]) => nat.capabilities?.[name]);
  const runtime = parseRuntimeConfig(Object.fromEntries(asked), list.name);
  const config = parseNatConfig(nat as unknown as JsonObject, { ...runtime, network: list.name });
  const owner = { network: list.name, containerId: "c1", ifname: "eth0" };
  return planHosted({
    owner,
    path: "/run/netns/c1",
    config,
    switch: natSwitch(list.name, config, host),
    ipam: ipamResult(["10.88.0.5/16", "fd00:88::5/64"]),
    defaultRoutes: [],
    dns: {},
  });
}

/** The network of an example's overlay plugin on a host with this number on the underlay, and a container on it. */
function overlayOf(file: string, number = 1) {
  const list = readList(file);
  const plugin = list.plugins.find(({ type }) => plainName(type) === "overlay");
  if (plugin === undefined) throw new Error(`${file} names no overlay plugin`);
  const raw = plugin as unknown as JsonObject;
  const asked = Object.entries(capabilityArgs).filter(([name]) => plugin.capabilities?.[name]);
  const runtime = parseRuntimeConfig(Object.fromEntries(asked), list.name);
  const config = parseOverlayConfig(raw, { ...runtime, network: list.name });
  const addresses = [prefix(`192.0.2.${number}/24`), prefix(`2001:db8::${number}/64`)];
  const vswitch = overlaySwitch(list.name, config, {
    ...host,
    uplink: { name: "eth0", mtu: 1500, addresses },
  });
  const subnets = configuredSubnets(overlay.nativeIpam(raw));
  const ips = (subnets.length > 0 ? subnets : ["10.44.7.0/26"]).map((subnet) => {
    const [address, length] = subnet.split("/");
    return `${address?.replace(/0$/, "7").replace(/::$/, "::7")}/${length}`;
  });
  const plan = overlay.plan({
    owner: { network: list.name, containerId: "c1", ifname: "eth0" },
    path: "/run/netns/c1",
    config,
    switch: vswitch,
    ipam: ipamResult(ips),
    defaultRoutes: [],
    dns: {},
  });
  return { config, plan, peers: config.directory.type === "static" ? config.directory.peers : [] };
}

const policiesOf = (file: string) =>
  planOf(file)
    ?.port.policies.filter(({ kind }) => kind !== "Guard" && kind !== "PortMapping")
    .map(formatPolicy);

/** On the underlay, of the host that an example is for. */
const numberOf = (file: string) => (file.includes("-second") ? 2 : 1);

describe("a configuration of conf-examples", () => {
  it.each(readdirSync(folder).filter((name) => /\.conf(list)?$/.test(name)))(
    "is read and planned: %s",
    (file) => {
      const plan = file.startsWith("overlay") ? overlayOf(file, numberOf(file)).plan : planOf(file);
      if (plan !== undefined) expect(plan.port.policies[0]?.kind).toBe("Guard");
      else expect(file).toMatch(/^(bridge-cluster-ipam|bridge-with-our-ipam|transparent|vm-transparent)/);
    },
  );

  it("shows what it is called after", () => {
    expect(planOf("nat-guard.conflist")?.port.policies[0]).toMatchObject({
      allow: ["dhcp-server", "router"],
      addresses: expect.arrayContaining(["10.94.0.250", "fd94::250"]),
    });
    expect(planOf("nat-acl.conflist")?.port.aclDefault).toEqual({ In: "Block", Out: "Allow" });
    expect(policiesOf("nat-acl.conflist")).toEqual([
      "ACL 100 Block Out to 169.254.169.254/32,fd00:ec2::254/128 (the cloud's metadata)",
      "ACL 200 Allow In protocol 6 local port 80,443,8000-8010 (the website)",
      "ACL 300 Allow In protocol 1,58",
    ]);
    expect(policiesOf("nat-qos.conflist")).toEqual(["QOS out 10000000 bytes/s in 10000000 bytes/s"]);
    expect(planOf("nat-isolated.conflist")?.switch).toMatchObject({
      isolated: true,
      reachable: ["web", "metered"],
    });
    expect(policiesOf("nat-outbound-nat.conflist")).toEqual([
      "OutBoundNAT 10.88.0.5 only to 198.51.100.0/24 except to 10.0.0.0/8 as 203.0.113.7",
      "OutBoundNAT 10.88.0.5 fd00:88::5 except to 10.0.0.0/8",
    ]);
    const { switch: vswitch, vnic } = planOf("nat-mtu.conflist") ?? {};
    expect([vswitch?.mtu, vnic?.mtu]).toEqual([1500, 1380]);
    expect(planOf("vm-firecracker.conflist")?.vnic).toMatchObject({
      type: "vmNic",
      tap: { attach: "compartment", name: "tap0", owner: 1000, group: 1000, vnetHeader: true },
    });
    expect(planOf("vm-on-host.conflist")?.port.name).toMatch(/^vp-/);
    expect(planOf("vm-kata.conflist")?.vnic.type).toBe("hostVnic");
    expect(policiesOf("nat-policies-by-annotation.conflist")).toEqual([
      "ACL 65636 Allow In protocol 6,17,132 local port 80",
      "ACL 65736 Allow Out",
      "QOS out 10000000 bytes/s in 10000000 bytes/s",
    ]);
  });

  it.each(["overlay-static", "overlay-stretched"])(
    "has each host of a pair as the other's peer: %s",
    (pair) => {
      const [first, second] = [1, 2].map((number) => {
        const found = overlayOf(`${pair}-${number === 1 ? "first" : "second"}.conflist`, number);
        const { vtep, mac } = found.plan.switch.tunnel;
        return { ...found, itself: { vtep, mac }, container: found.plan.vnic };
      });
      for (const [one, other] of [
        [first, second],
        [second, first],
      ]) {
        const [peer] = one?.peers ?? [];
        expect(peer).toMatchObject(other?.itself ?? {});
        expect(one?.config.vni).toBe(other?.config.vni);
        if (one?.config.mode === "routed") expect(peer?.subnets).toEqual(other?.config.subnets);
      }
    },
  );

  it("of a stretched pair gives each host the addresses that the other one has for it", () => {
    for (const [here, there] of [
      ["first", "second"],
      ["second", "first"],
    ]) {
      const [plugin] = readList(`overlay-stretched-${here}.conflist`).plugins;
      const { ranges } = overlay.nativeIpam(plugin as unknown as JsonObject);
      const sets = ranges as { rangeStart: string; rangeEnd: string }[][];
      const [peer] = overlayOf(`overlay-stretched-${there}.conflist`, there === "first" ? 1 : 2).peers;
      const ends = [peer?.endpoints[0]?.addresses, peer?.endpoints.at(-1)?.addresses];
      expect(ends).toEqual([
        sets.map(([range]) => range?.rangeStart),
        sets.map(([range]) => range?.rangeEnd),
      ]);
    }
  });

  it("of an overlay network shows what it is called after", () => {
    expect(overlayOf("overlay-static-first.conflist").plan.switch).toMatchObject({
      kind: "overlay",
      mode: "routed",
      mtu: 1450,
      cidrs: ["10.40.1.0/24", "fd00:40:1::/64", "10.40.2.0/24", "fd00:40:2::/64"],
    });
    expect(overlayOf("overlay-stretched-first.conflist").plan).toMatchObject({
      switch: { mode: "stretched" },
      vnic: { mac: "0e:2a:0a:32:00:07" },
    });
    expect(overlayOf("overlay-etcd.conflist").config).toMatchObject({
      blockBits: { 4: 26 },
      directory: { type: "etcd", prefix: "/vswitch", tls: { ca: "/etc/vswitch/etcd-ca.pem" } },
    });
    expect(overlayOf("overlay-flannel.conflist").config).toMatchObject({
      vni: 1,
      udpPort: 8472,
      directory: { type: "flannel" },
    });
    expect(overlayOf("overlay-ipv6-underlay.conflist").plan.switch).toMatchObject({
      mtu: 1430,
      tunnel: { vtep: "2001:db8::1" },
    });
    const { config, plan, peers } = overlayOf("overlay-microsoft.conflist");
    expect(config).toMatchObject({ vni: 4097, uplink: "eth0", exceptions: ["10.40.0.0/16", "10.96.0.0/12"] });
    expect(peers).toMatchObject([{ vtep: "192.0.2.2", mac: "0e:2a:c0:00:02:02", subnets: ["10.40.2.0/24"] }]);
    expect(plan.switch.gateways).toEqual(["10.40.1.1/24"]);
  });
});
