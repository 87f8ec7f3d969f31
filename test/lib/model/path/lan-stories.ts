/** Stories of packets of a transparent network: of vNICs that hang on the uplink. */
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type { ForeignChain } from "../../../../lib/model/foreign.ts";
import { adapterMac, adapterName } from "../../../../lib/model/plan.ts";
import type { SceneInterface } from "../../../../lib/model/scene.ts";
import { IPPROTO, ND } from "../../../../lib/policy/packet.ts";
import { lan, vnicOnLan } from "./scene.ts";
import { type Host, type Story, usual } from "./story.ts";

const reached = { lan: { hostAccess: true } } as const;
const adapter = adapterName("lan");
const tv = vnicOnLan(lan("lan"), "tv", ["192.0.2.101/24"]);
const everybody = mac("ff:ff:ff:ff:ff:ff");

const links = (of: Host, change: (link: SceneInterface) => SceneInterface | undefined): Host => ({
  ...of,
  host: { interfaces: usual(of).scene.host.interfaces.flatMap((link) => change(link) ?? []) },
});
const withLink = (of: Host, name: string, over: Partial<SceneInterface>) =>
  links(of, (link) => (link.name === name ? { ...link, ...over } : link));
const without = (of: Host, name: string) => links(of, (link) => (link.name === name ? undefined : link));
const withoutRoutesBy = (of: Host, name: string): Host => ({
  ...of,
  host: { routes: usual(of).scene.host.routes.filter((route) => route.interface !== name) },
});

/** At every hook, of the bridge as of IP. */
const dropsAll = (["prerouting", "input", "forward", "output", "postrouting"] as const).flatMap((hook) =>
  ["inet mine", "bridge mine"].map(
    (table): ForeignChain => ({
      table,
      chain: hook,
      base: { type: "filter", hook, priority: 0, policy: "drop" },
      rules: [],
    }),
  ),
);

const solicit = { protocol: IPPROTO.icmp6, icmpType: ND.neighbourSolicit };

export const lanStories: Readonly<Record<string, Readonly<Record<string, Story>>>> = {
  uplink: {
    "a sibling is reached in the kernel": { from: "cam", to: "tcp 192.0.2.101 80", lan: {} },
    "a sibling, by IPv6": { from: "cam", to: "tcp 2001:db8::101 80", lan: {} },
    "a container of another network on the same uplink, which is on the same wire": {
      from: "cam",
      to: "192.0.2.150",
      lan: {},
      guest: {},
    },
    "a sibling in mode private": { from: "cam", to: "192.0.2.101", lan: { mode: "private" } },
    "a container of another network, which is in mode private": {
      from: "cam",
      to: "192.0.2.150",
      lan: {},
      guest: { mode: "private" },
    },
    "a sibling in mode vepa: the next switch sends it back": {
      from: "cam",
      to: "192.0.2.101",
      lan: { mode: "vepa" },
    },
    "a sibling's MAC in mode private, by a frame that asks nobody": {
      from: "cam",
      to: "192.0.2.101",
      packet: { destinationMac: tv.vnic.mac },
      lan: { mode: "private" },
    },
    "a sibling's MAC where the sibling's network is private": {
      from: "phone",
      to: "192.0.2.101",
      packet: { destinationMac: tv.vnic.mac },
      lan: { mode: "private" },
      guest: {},
    },
    "a sibling's MAC in mode bridge": {
      from: "cam",
      to: "192.0.2.101",
      packet: { destinationMac: tv.vnic.mac },
      lan: {},
    },
    "a machine of the LAN": { from: "cam", to: "tcp 192.0.2.77 443", lan: {} },
    "a machine beyond the LAN's router": { from: "cam", to: "tcp 198.51.100.9 443", lan: {} },
    "a machine of the LAN, in a VLAN": {
      from: "cam",
      to: "192.0.2.77",
      lan: { vlan: 20, lower: "eth0.20" },
    },
    "from mode passthru": { from: "cam", to: "192.0.2.77", lan: { mode: "passthru" } },
    "a MAC that nobody here has": {
      from: "cam",
      to: "192.0.2.77",
      packet: { destinationMac: mac("02:00:00:00:00:99") },
      lan: {},
    },
    "from a machine of the LAN": {
      from: "outside",
      to: "tcp 192.0.2.100 80",
      packet: { source: ip("192.0.2.77") },
      lan: {},
    },
    "from a machine of the LAN, to a container in a VLAN": {
      from: "outside",
      to: "tcp 192.0.2.100 80",
      packet: { source: ip("192.0.2.77") },
      lan: { vlan: 20, lower: "eth0.20" },
    },
    "from the LAN in mode private": { from: "outside", to: "192.0.2.100", lan: { mode: "private" } },
    "from the LAN in mode passthru, whatever MAC it is for": {
      from: "outside",
      to: "192.0.2.100",
      packet: { destinationMac: mac("02:00:00:00:00:99") },
      lan: { mode: "passthru" },
    },
    "from the LAN, in a frame to a vNIC that does not have the address": {
      from: "outside",
      to: "192.0.2.77",
      packet: { destinationMac: tv.vnic.mac },
      lan: {},
    },
    "from the LAN to the host itself": { from: "outside", to: "192.0.2.10", lan: {} },
    "from the LAN to all": {
      from: "outside",
      to: "udp 192.0.2.255 9",
      packet: { destinationMac: everybody },
      ...reached,
    },
    "to all on the LAN": { from: "cam", to: "udp 192.0.2.255 9", lan: {}, guest: {} },
    "to all on the LAN, the host among them": { from: "cam", to: "udp 192.0.2.255 9", ...reached },
    "to all, in mode private": { from: "cam", to: "udp 255.255.255.255 9", lan: { mode: "private" } },
    "the rules of other programs do not see it": {
      from: "cam",
      to: "tcp 192.0.2.101 80",
      lan: {},
      host: { foreign: dropsAll, bridgeFilter: [4, 6] },
    },
    "nor what goes to the LAN": {
      from: "cam",
      to: "tcp 192.0.2.77 80",
      lan: {},
      host: { foreign: dropsAll, bridgeFilter: [4, 6] },
    },
    "nor what comes from there": {
      from: "outside",
      to: "tcp 192.0.2.100 80",
      lan: {},
      host: { foreign: dropsAll, bridgeFilter: [4, 6] },
    },
    "an uplink that is gone": { from: "cam", to: "192.0.2.77", ...without({ lan: {} }, "eth0") },
    "an uplink that is down": {
      from: "cam",
      to: "192.0.2.101",
      ...withLink({ lan: {} }, "eth0", { up: false }),
    },
    "an uplink without carrier": {
      from: "cam",
      to: "192.0.2.101",
      ...withLink({ lan: {} }, "eth0", { carrier: false }),
    },
    "from the LAN by an uplink that is down": {
      from: "outside",
      to: "192.0.2.100",
      ...withLink({ lan: {} }, "eth0", { up: false }),
    },
    "a VLAN whose uplink is down": {
      from: "cam",
      to: "192.0.2.77",
      ...withLink({ lan: { vlan: 20, lower: "eth0.20" } }, "eth0", { up: false }),
    },
    "an uplink whose MTU was lowered": {
      from: "cam",
      to: "192.0.2.77",
      packet: { bytes: 1400 },
      ...withLink({ lan: {} }, "eth0", { mtu: 1280 }),
    },
    "a packet bigger than the vNIC's MTU": {
      from: "cam",
      to: "192.0.2.77",
      packet: { bytes: 1501 },
      lan: {},
    },
    "without a route": { from: "cam", to: "198.51.100.9", lan: {}, cam: { routes: [] } },
    "an adapter without addresses": { from: "cam", to: "192.0.2.77", lan: {}, cam: { addresses: [] } },
  },
  "uplink and host": {
    "the host's own address": { from: "cam", to: "tcp 192.0.2.10 22", lan: {} },
    "the host's own address, by IPv6": { from: "cam", to: "tcp 2001:db8::10 22", lan: {} },
    "the host's own address, in mode private": {
      from: "cam",
      to: "192.0.2.10",
      lan: { mode: "private" },
    },
    "the MAC of the uplink: the frame goes to the wire": {
      from: "cam",
      to: "192.0.2.10",
      packet: { destinationMac: mac("02:00:00:00:00:01") },
      lan: {},
    },
    "the host as the router of its own vNICs": {
      from: "cam",
      to: "198.51.100.9",
      lan: {},
      cam: { routes: [{ destination: prefix("0.0.0.0/0"), gateway: ip("192.0.2.10") }] },
    },
    "by the host's adapter": { from: "cam", to: "tcp 192.0.2.10 22", ...reached },
    "by the host's adapter, by IPv6": { from: "cam", to: "tcp 2001:db8::10 22", ...reached },
    "the adapter's MAC": {
      from: "cam",
      to: "192.0.2.10",
      packet: { destinationMac: adapterMac("lan") },
      ...reached,
    },
    "the adapter does not answer who is reached by another way": {
      from: "phone",
      to: "192.0.2.10",
      ...reached,
      guest: {},
    },
    "rules of other programs see what comes by the adapter": {
      from: "cam",
      to: "tcp 192.0.2.10 22",
      ...reached,
      host: { foreign: dropsAll.filter(({ chain }) => chain === "input") },
    },
    "an adapter that is gone": { from: "cam", to: "192.0.2.10", ...without(reached, adapter) },
    "an adapter whose route is gone": { from: "cam", to: "192.0.2.10", ...withoutRoutesBy(reached, adapter) },
    "from the host": { from: "host", to: "192.0.2.100", lan: {} },
    "from the host, by IPv6": { from: "host", to: "2001:db8::100", lan: {} },
    "from the host by its adapter": { from: "host", to: "tcp 192.0.2.100 80", ...reached },
    "from the host by its adapter, by IPv6": { from: "host", to: "tcp 2001:db8::100 80", ...reached },
    "from the host, whose adapter is down": {
      from: "host",
      to: "192.0.2.100",
      ...withLink(reached, adapter, { up: false }),
    },
    "from the host, whose adapter is gone": {
      from: "host",
      to: "192.0.2.100",
      ...without(reached, adapter),
    },
    "from the host to the LAN, past the vNICs": { from: "host", to: "192.0.2.77", ...reached },
    "from a container behind the host": { from: "web", to: "192.0.2.100", lan: {} },
    "from a container behind the host, by the adapter": { from: "web", to: "192.0.2.100", ...reached },
    "to a container behind the host, by the adapter": {
      from: "cam",
      to: "10.1.0.2",
      ...reached,
      cam: { routes: [{ destination: prefix("10.1.0.0/24"), gateway: ip("192.0.2.10") }] },
    },
  },
  "who has on the uplink": {
    "a sibling": { from: "cam", to: "arp 192.0.2.101", lan: {} },
    "a sibling in mode private": { from: "cam", to: "arp 192.0.2.101", lan: { mode: "private" } },
    "a machine of the LAN": { from: "cam", to: "arp 192.0.2.77", lan: {} },
    "the host": { from: "cam", to: "arp 192.0.2.10", lan: {} },
    "the host, which has an adapter": { from: "cam", to: "arp 192.0.2.10", ...reached },
    "its own address, which is an announcement for all": { from: "cam", to: "arp 192.0.2.100", lan: {} },
    "a sibling, by IPv6": {
      from: "cam",
      to: "ff02::1:ff00:101",
      packet: { ...solicit, target: ip("2001:db8::101") },
      lan: {},
    },
    "a frame that is no IP goes to all": { from: "cam", to: "frame", ...reached },
    "a frame that is no IP, to the host's adapter": {
      from: "cam",
      to: "frame",
      packet: { destinationMac: adapterMac("lan") },
      ...reached,
    },
  },
};
