/** Scenes of every size that the pictures must be good for. */
import { ip } from "../../../../lib/addr/ip.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type { Scene } from "../../../../lib/model/scene.ts";
import { overlayHost, peer } from "../../../lib/model/path/overlay-scene.ts";
import { lan, vnicOnLan } from "../../../lib/model/path/scene.ts";
import { acl, crowd, endpoint, network, scene } from "./scenes.ts";

const small = network("nat", { gateways: ["10.61.0.1/24"] });
const nat = network("nat");
const backend = network("backend", {
  gateways: ["10.62.0.1/24", "fd00:62::1/64"],
  reachable: ["nat"],
  isolated: true,
  outboundNat: { exceptions: [prefix("10.0.0.0/8"), prefix("192.168.0.0/16")] },
});
const storage = network("storage", { gateways: ["10.63.0.1/24"], reachable: true });
const wide = network("nat", { gateways: ["10.61.0.1/16", "fd00:61::1/64"] });

const web = endpoint(nat, {
  containerId: "web",
  addresses: ["10.61.0.2", "fd00:61::2"],
  publish: ["8080:80/tcp", "192.0.2.1:8443:443/tcp", "[2001:db8::1]:5353:53/udp"],
  policies: [
    acl(100, "Allow", "In"),
    acl(200, "Block", "Out"),
    acl(300, "Allow", "Out"),
    { kind: "QOS", out: { bytesPerSecond: 1_250_000 }, in: { bytesPerSecond: 2_500_000 } },
  ],
  aclDefault: { In: "Block", Out: "Allow" },
});
const db = endpoint(nat, { containerId: "db", addresses: ["10.61.0.3", "fd00:61::3"], guard: false });
const pod = {
  containerId: "2f1ba93c0d4e5f60718293a4b5c6d7e8f901234567890abcdef0123456789abc",
  netns: "/run/netns/cni-2f1b",
};
const first = endpoint(nat, {
  ...pod,
  addresses: ["10.61.0.4", "fd00:61::4"],
  policies: [
    {
      kind: "OutBoundNAT",
      addresses: [ip("10.61.0.4")],
      exceptions: [],
      destinations: [],
      virtualIp: ip("192.0.2.9"),
    },
  ],
});
const second = endpoint(backend, { ...pod, ifname: "net1", addresses: ["10.62.0.4", "fd00:62::4"] });

const plain = scene([], []).host;
const crowded: Partial<Scene["host"]> = {
  interfaces: [
    ...plain.interfaces,
    { name: "docker0", kind: "bridge", mtu: 1500, up: true, addresses: [prefix("172.17.0.1/16")] },
    { name: "eth1", mtu: 9000, up: false, addresses: [prefix("10.0.0.5/24")] },
  ],
  foreign: [
    {
      table: "ip filter",
      chain: "FORWARD",
      base: { type: "filter", hook: "forward", priority: 0, policy: "drop" },
      rules: [],
    },
  ],
};

/** Names that a picture must not choke on. */
const hostile = "x</text><script>alert(1)</script>&\"'\\]]>\u0001";
const cruel = network("n".repeat(80), {
  gateways: ["10.64.0.1/24", "2001:db8:1234:5678:9abc:def0:1234:5678/64"],
});
const odd = endpoint(cruel, {
  containerId: hostile,
  ifname: "日本語のインターフェース",
  addresses: ["10.64.0.2", "2001:db8:1234:5678:9abc:def0:1234:5679"],
  publish: Array.from(
    { length: 9 },
    (_, i) => `[2001:db8:1234:5678:9abc:def0:1234:5677]:${i + 1}:${i + 1}/sctp`,
  ),
});

const home = lan("home", { hostAccess: true });
const guests = lan("guests", { mode: "private" });
const cameras = lan("cameras", { vlan: 20, lower: "eth0.20", uplink: "eth0" });
const tv = vnicOnLan(home, "tv", ["192.0.2.100/24", "2001:db8::100/64"]);
const phones = [150, 151, 152].map((n) => vnicOnLan(guests, `phone-${n}`, [`192.0.2.${n}/24`]));
const onVlan = lan("far", { vlan: 30, lower: "eth1.30", uplink: "eth1" });
const many = Array.from({ length: 40 }, (_, i) => vnicOnLan(home, `node-${i}`, [`192.0.2.${i + 10}/24`]));
const wires: Partial<Scene["host"]> = {
  interfaces: [
    ...plain.interfaces,
    { name: "eth1", mtu: 9000, up: true, addresses: [], carrier: false },
    { name: "eth0.20", kind: "vlan", mtu: 1500, up: true, addresses: [] },
    { name: "eth1.30", kind: "vlan", mtu: 1500, up: true, addresses: [] },
    { name: "vsh-home", kind: "macvlan", mtu: 1500, up: true, addresses: [prefix("fe80::1/64")] },
  ],
};

/** Hosts 1 to 50 of an overlay network, seen from the first. */
const crowdOfHosts = Array.from({ length: 50 }, (_, i) => peer(i + 2, "routed"));
const spread = overlayHost(1, "routed", {
  peers: crowdOfHosts,
  directory: { type: "etcd", revision: "4711", followed: false },
  web: { policies: [], aclDefault: { In: "Block", Out: "Allow" } },
  host: (host) => ({
    interfaces: host.interfaces.map((link) => (link.name === "eth0" ? { ...link, mtu: 1400 } : link)),
    routes: host.routes.filter(({ destination }) => destination !== "10.40.7.0/24"),
  }),
}).scene;
const broken = overlayHost(1, "stretched", {
  peers: [peer(2, "stretched"), peer(3, "stretched", { node: "a-host-with-a-name-that-is-rather-long" })],
  host: (host) => ({ interfaces: host.interfaces.filter(({ name }) => name !== "vsx-blue"), fdb: [] }),
}).scene;

export const examples: Readonly<Record<string, Scene>> = {
  "an empty host": scene([], []),
  "a host without a network": scene([], [], {
    interfaces: [],
    routes: [],
    forwarding: { 4: false, 6: false },
  }),
  "one container": scene(
    [small],
    [endpoint(small, { containerId: "web", addresses: ["10.61.0.2"], publish: ["8080:80/tcp"] })],
    { forwarding: { 4: true, 6: false } },
  ),
  "three containers": scene([nat], [web, db, first]),
  "three networks": scene([nat, backend, storage], [web, db, first, second, ...crowd(storage, 7)], crowded),
  "40 containers": scene([nat], crowd(nat, 40)),
  "300 containers and 30": scene([wide, backend], [...crowd(wide, 300), ...crowd(backend, 30)], crowded),
  "a transparent network": scene([home], [tv], wires),
  "nat and transparent networks": scene(
    [nat, home, guests, cameras, onVlan],
    [web, db, tv, ...phones, vnicOnLan(cameras, "door", ["10.20.0.5/24"])],
    wires,
  ),
  "a crowd on an uplink, of which nobody knows the network": scene([nat], [web, ...many], {
    ...wires,
    interfaces: wires.interfaces?.filter(({ name }) => name !== "vsh-home") ?? [],
  }),
  "an overlay network of two hosts": overlayHost(1, "routed").scene,
  "an overlay network of 51 hosts": spread,
  "an overlay network without its tunnel": broken,
  "names that are hard to bear": scene([cruel], [odd], {
    interfaces: Array.from({ length: 20 }, (_, i) => ({
      name: `<&"${i}`,
      kind: "bridge",
      mtu: 1500,
      up: true,
      addresses: [prefix(`10.7.${i}.1/24`)],
    })),
  }),
};

export function example(name: string): Scene {
  const found = examples[name];
  if (found === undefined) throw new Error(`no example is called ${name}`);
  return found;
}
