/** What is asked of a kernel about tunnels, and rows by which other hosts are reached. */
import { ip } from "../../lib/addr/ip.ts";
import { mac } from "../../lib/addr/mac.ts";
import { prefix } from "../../lib/addr/prefix.ts";
import type { Netlink } from "../../lib/netlink/connection.ts";
import { createBridge } from "../../lib/netlink/route/bridge.ts";
import { decodeBridgePort, setBridgePort } from "../../lib/netlink/route/bridge-port.ts";
import { decodeLink } from "../../lib/netlink/route/decode-link.ts";
import { decodeRoute } from "../../lib/netlink/route/decode-route.ts";
import { appendFdb, decodeFdb, deleteFdb, dumpFdb, replaceFdb } from "../../lib/netlink/route/fdb.ts";
import { deleteLink, getLink } from "../../lib/netlink/route/link.ts";
import {
  decodeNeighbour,
  deleteNeighbour,
  dumpNeighbours,
  replaceNeighbour,
} from "../../lib/netlink/route/neighbour.ts";
import {
  decodeNexthop,
  deleteNexthop,
  dumpNexthops,
  replaceNexthop,
} from "../../lib/netlink/route/nexthop.ts";
import { deleteRoute, dumpRoutes, replaceRoute } from "../../lib/netlink/route/route.ts";
import { RTPROT_VSWITCH } from "../../lib/netlink/route/rtmsg.ts";
import { setLink } from "../../lib/netlink/route/set-link.ts";
import { createVxlan, decodeVxlan, setVxlanLocal } from "../../lib/netlink/route/vxlan.ts";

type Ask = (netlink: Netlink, what: string, request: Parameters<Netlink["request"]>[0]) => string;

const known = mac("0e:2a:c0:00:02:02");
const everybody = mac("00:00:00:00:00:00");
const [one, two] = [ip("192.0.2.2"), ip("192.0.2.3")];
const gateway = ip("fe80::2");
const there = prefix("10.40.2.0/24");

/** On a host without such links. */
export function remoteDeeds(host: Netlink, ask: Ask): readonly string[] {
  const tunnel = {
    name: "vx0",
    vni: 4097,
    local: ip("192.0.2.1"),
    udpPort: 4789,
    mac: mac("02:00:00:00:00:01"),
    mtu: 1450,
  };
  const made = [
    ask(host, "make a tunnel", createVxlan(tunnel)),
    ask(host, "make it again", createVxlan(tunnel)),
    ask(host, "make another of its VNI", createVxlan({ ...tunnel, name: "vx1" })),
    ask(host, "make one of another port", createVxlan({ ...tunnel, name: "vx1", udpPort: 4790 })),
    ask(host, "delete that", deleteLink("vx1")),
    ask(host, "make a bridge", createBridge({ name: "br9", mac: mac("02:00:00:00:00:09") })),
  ];
  const index = linkNamed(host, "vx0").index;
  const row = { index, mac: known, vtep: one, on: "self", state: "permanent" } as const;
  const onBridge = { index, mac: known, on: "master", state: "noarp" } as const;
  const hop = { id: 7, index, gateway, onlink: true };
  const neighbour = {
    index,
    address: gateway,
    mac: known,
    state: "permanent",
    protocol: RTPROT_VSWITCH,
  } as const;
  const route = { dst: there, nexthopId: 7, priority: 100 };
  return [
    ...made,
    ask(host, "send from another address", setVxlanLocal("vx0", two)),
    ask(host, "a next hop while it is down", replaceNexthop(hop)),
    ask(host, "a row while it is down", replaceFdb(row)),
    ask(host, "set it up", setLink("vx0", { up: true, addrGenMode: "none" })),
    ask(host, "another end for the MAC", replaceFdb({ ...row, vtep: two })),
    ask(host, "an end for everybody", appendFdb({ ...row, mac: everybody })),
    ask(host, "one more", appendFdb({ ...row, mac: everybody, vtep: two })),
    ask(host, "the same once more", appendFdb({ ...row, mac: everybody, vtep: two })),
    ask(host, "one instead of all", replaceFdb({ ...row, mac: everybody })),
    ask(host, "a row of its bridge, of which it has none", replaceFdb(onBridge)),
    ask(host, "a neighbour", replaceNeighbour(neighbour)),
    ask(host, "a next hop", replaceNexthop(hop)),
    ask(host, "a route by it", replaceRoute(route)),
    ask(host, "a route by nobody", replaceRoute({ ...route, nexthopId: 8 })),
    ask(
      host,
      "nothing leaves another way",
      replaceRoute({ dst: there, type: "unreachable", priority: 9000 }),
    ),
    ask(host, "the route with another MTU", replaceRoute({ ...route, mtu: 1400 })),
    shown(host, index),
    ask(host, "delete an end of everybody", deleteFdb({ ...row, mac: everybody })),
    ask(host, "delete one that is not there", deleteFdb({ ...row, vtep: one })),
    ask(host, "delete the row", deleteFdb({ ...row, vtep: two })),
    ask(host, "delete it again", deleteFdb({ ...row, vtep: two })),
    ask(host, "delete the next hop with its route", deleteNexthop(7)),
    ask(host, "delete it again", deleteNexthop(7)),
    ask(
      host,
      "delete the route",
      deleteRoute({ dst: there, priority: 100, type: "unicast", protocol: RTPROT_VSWITCH }),
    ),
    ask(host, "delete the neighbour", deleteNeighbour(index, gateway)),
    ask(host, "delete it again", deleteNeighbour(index, gateway)),
    shown(host, index),
    ask(host, "make it a port", setLink("vx0", { master: linkNamed(host, "br9").index })),
    shown(host, index),
    ask(
      host,
      "learn nothing, flood nothing",
      setBridgePort("vx0", { learning: false, flood: false, neigh_suppress: true }),
    ),
    ask(host, "a row of its bridge", replaceFdb(onBridge)),
    ask(host, "a row of its own", replaceFdb(row)),
    shown(host, index),
    ask(host, "take it from the bridge", setLink("vx0", { master: 0 })),
    shown(host, index),
    ask(host, "a neighbour", replaceNeighbour(neighbour)),
    ask(host, "a next hop", replaceNexthop(hop)),
    ask(host, "a route by it", replaceRoute(route)),
    ask(host, "set it down", setLink("vx0", { up: false })),
    shown(host, index),
    ask(host, "delete it", deleteLink("vx0")),
    shown(host, index),
    ask(host, "let it leave another way", deleteRoute({ dst: there, priority: 9000, type: "unreachable" })),
    ask(host, "delete the bridge", deleteLink("br9")),
  ];
}

function linkNamed(host: Netlink, name: string) {
  const [reply] = host.request(getLink(name));
  if (reply === undefined) throw new Error(`no ${name}`);
  return decodeLink(reply);
}

/** The tunnel with all that leads out of it; numbers of links are left out. */
function shown(host: Netlink, index: number): string {
  const [reply] = host.requests([getLink("vx0")]);
  const link = Array.isArray(reply) && reply[0] ? decodeLink(reply[0]) : undefined;
  const vxlan = link && decodeVxlan(link);
  const fdb = host.request(dumpFdb({ index })).map(decodeFdb);
  const neighbours = host.request(dumpNeighbours({ index })).map(decodeNeighbour);
  const ours = host.request(dumpRoutes({ protocol: RTPROT_VSWITCH })).map(decodeRoute);
  const flags = Object.entries((link && decodeBridgePort(link)) ?? {}).filter(([name]) => name !== "guard");
  return [
    `${vxlan?.vni} ${vxlan?.local} ${vxlan?.udpPort} ${vxlan?.learning} ${vxlan?.df}`,
    ...flags.map(([name, on]) => `${name} ${on}`),
    // The kernel has rows for groups, and for the port itself.
    ...fdb
      .filter(({ mac: of }) => [known, everybody].includes(of))
      .map(({ mac: of, vtep, on, state }) => `${of} ${vtep} ${on} ${state}`)
      .toSorted(),
    ...neighbours
      .filter(({ state }) => state === "permanent")
      .map(({ address, mac: of }) => `${address} ${of}`),
    ...host.request(dumpNexthops()).map((one) => {
      const { id, gateway: to, onlink, protocol } = decodeNexthop(one);
      return `${id} ${to} ${onlink} ${protocol}`;
    }),
    ...ours
      .filter(({ dst }) => dst === there)
      .map(({ dst, type, priority, nexthopId, mtu }) => `${dst} ${type} ${priority} ${nexthopId} ${mtu}`)
      .toSorted(),
  ].join("; ");
}
