/** A host's configuration, and the state of its links, for compilers. */
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type { BridgeState } from "../../../../lib/linux/bridge/state.ts";
import type { HostConfiguration } from "../../../../lib/model/host-configuration.ts";
import type { BridgeSwitch } from "../../../../lib/model/switch.ts";
import { addAddress, type NewAddress } from "../../../../lib/netlink/route/address.ts";
import type { Link } from "../../../../lib/netlink/route/decode-link.ts";
import { addNeighbour } from "../../../../lib/netlink/route/neighbour.ts";
import { addRoute, type NewRoute } from "../../../../lib/netlink/route/route.ts";
import { recordAddress } from "../../../../lib/netlink/route/transfer/transfer-address.ts";
import { recordNeighbour } from "../../../../lib/netlink/route/transfer/transfer-neighbour.ts";
import { recordRoute } from "../../../../lib/netlink/route/transfer/transfer-route.ts";
import { someLink } from "../some-link.ts";

/** Index of the uplink where the kernel told of it. */
const uplinkIndex = 2;

export function address(text: string, over: Partial<NewAddress> = {}) {
  const found = recordAddress(addAddress({ index: uplinkIndex, address: prefix(text), ...over }), "eth0");
  if (found === undefined) throw new Error(`${text} has no time left`);
  const { subnetRoute: _, ...record } = found;
  return record;
}

export const route = (dst: string, over: Partial<NewRoute> = {}) =>
  recordRoute(addRoute({ dst: prefix(dst), index: uplinkIndex, ...over }), uplinkIndex, 1024);

export function neighbour(of: string, at: string) {
  const found = recordNeighbour(addNeighbour({ index: uplinkIndex, address: ip(of), mac: mac(at) }));
  if (found === undefined) throw new Error(`nobody set ${of}`);
  return found;
}

export const onUplink: HostConfiguration = {
  addresses: [address("192.0.2.1/24"), address("2001:db8::1/64")],
  routes: [
    route("192.0.2.0/24", { protocol: 2, src: ip("192.0.2.1") }),
    route("0.0.0.0/0", { gateway: ip("192.0.2.2"), priority: 100 }),
    route("::/0", { gateway: ip("fe80::2"), protocol: 9, priority: 1024 }),
  ],
  neighbours: [neighbour("192.0.2.50", "02:00:00:00:00:50")],
  addrGenMode: 0,
};

export const wanted: BridgeSwitch = {
  kind: "bridge",
  network: "lan",
  name: "vsw-lan",
  mtu: 1500,
  gateways: [],
  forwarding: [],
  uplink: "eth0",
  lower: "eth0",
  mac: mac("02:00:00:00:00:01"),
  host: onUplink,
};

export const link = (over: Partial<Link>): Link => someLink({ mac: wanted.mac, ...over });

export const bridgeLink = (alias: string | undefined, over: Partial<Link> = {}): Link =>
  link({ index: 7, name: "vsw-lan", kind: "bridge", alias, ...over });

/** The host has all on its uplink, which is no port yet. */
export function untaken(over: Partial<BridgeState> = {}): BridgeState {
  const uplink = link({});
  return {
    uplink,
    lower: uplink,
    settled: false,
    onLower: { ...onUplink, nexthopObjects: [] },
    settings: [
      { family: "ipv4", name: "rp_filter", value: "1" },
      { family: "ipv6", name: "accept_ra", value: "2" },
    ],
    ...over,
  };
}
