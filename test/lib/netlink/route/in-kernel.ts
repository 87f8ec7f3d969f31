/** Runs the encoders against the real kernel, in a namespace of its own, and prints what `ip -j` then says. */
import { ip as address } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import { inCompartment, openCompartment } from "../../../../lib/linux/netns.ts";
import { openNetlink } from "../../../../lib/linux/socket.ts";
import { readSysctl } from "../../../../lib/linux/sysctl.ts";
import { connect } from "../../../../lib/netlink/connection.ts";
import { NetlinkError } from "../../../../lib/netlink/error.ts";
import type { Request } from "../../../../lib/netlink/message.ts";
import {
  addAddress,
  decodeAddress,
  deleteAddress,
  dumpAddresses,
  replaceAddress,
} from "../../../../lib/netlink/route/address.ts";
import { createBridge, decodeBridge } from "../../../../lib/netlink/route/bridge.ts";
import { decodeBridgePort, setBridgePort } from "../../../../lib/netlink/route/bridge-port.ts";
import { decodeLink } from "../../../../lib/netlink/route/decode-link.ts";
import { decodeRoute } from "../../../../lib/netlink/route/decode-route.ts";
import { deleteLink, dumpLinks, getLink } from "../../../../lib/netlink/route/link.ts";
import {
  addNeighbour,
  decodeNeighbour,
  deleteNeighbour,
  dumpNeighbours,
} from "../../../../lib/netlink/route/neighbour.ts";
import { decodeNsid, getNsid, newNsid } from "../../../../lib/netlink/route/nsid.ts";
import {
  addRoute,
  deleteRoute,
  dumpRoutes,
  getRoute,
  replaceRoute,
} from "../../../../lib/netlink/route/route.ts";
import { setLink } from "../../../../lib/netlink/route/set-link.ts";
import { createVeth } from "../../../../lib/netlink/route/veth.ts";
import { ip, otherNamespace } from "../../linux/other-namespace.ts";

const other = await otherNamespace();
const host = connect(openNetlink("route"));
const compartment = openCompartment(other.path);
const inside = compartment.netlink;
const out: Record<string, unknown> = {};

/** Errno name or "ok" of each request. */
const outcomes = (netlink: typeof host, ...requests: readonly Request[]) =>
  netlink
    .requests(requests)
    .map((one) => (one instanceof NetlinkError ? `${one.errnoName}: ${one.kernelText}` : "ok"));
const linkOf = (netlink: typeof host, key: string | number) =>
  netlink.request(getLink(key)).map(decodeLink)[0] ?? fail(`no link ${key}`);
function fail(why: string): never {
  throw new Error(why);
}

host.request(createBridge({ name: "br0", mtu: 1450, mac: mac("02:00:00:00:00:01"), up: true }));
const bridge = linkOf(host, "br0");
out.bridge = {
  ip: ip("-d", "link", "show", "br0"),
  decoded: decodeBridge(bridge),
  mac: bridge.mac,
  up: bridge.up,
};

const veth = createVeth({
  name: "vp1",
  mtu: 1450,
  txQueueLength: 500,
  mac: mac("02:00:00:00:00:02"),
  master: bridge.index,
  up: true,
  peer: { name: "eth0", mtu: 1450, mac: mac("02:00:00:00:00:03"), netnsFd: compartment.fd },
});
out.created = outcomes(
  host,
  veth,
  setLink("vp1", { alias: "vswitch net/abc/eth0", addrGenMode: "none" }),
  setBridgePort("vp1", { hairpin: true, isolated: true }),
  createVeth({ name: "vp9", peer: { name: "eth0", netnsFd: compartment.fd } }),
  createBridge({ name: "br0" }),
  deleteLink("nothing"),
  getLink("nothing"),
);
const port = linkOf(host, "vp1");
const vnic = linkOf(inside, "eth0");
out.port = {
  ip: ip("-d", "link", "show", "vp1"),
  peerIndex: port.peerIndex === vnic.index,
  nsid: port.netnsId,
  alias: port.alias,
  kind: port.kind,
  port: decodeBridgePort(port),
};
out.nsid = {
  known: inside.request(getNsid(compartment.fd)).map(decodeNsid),
  set: outcomes(inside, newNsid(compartment.fd, 42)),
  after: inside.request(getNsid(compartment.fd)).map(decodeNsid),
};
out.dumped = {
  ports: host.request(dumpLinks({ master: bridge.index })).map((one) => decodeLink(one).name),
  bridges: host.request(dumpLinks({ kind: "bridge" })).map((one) => decodeLink(one).name),
  all: host.request(dumpLinks()).map((one) => decodeLink(one).name),
};

out.up = outcomes(
  inside,
  setLink("lo", { up: true }),
  setLink(vnic.index, { addrGenMode: "none", ipv4: { arp_notify: 1, accept_redirects: 0 } }),
  addAddress({
    index: vnic.index,
    address: prefix("10.1.2.3/24"),
    broadcast: address("10.1.2.255"),
    noPrefixRoute: true,
  }),
  addAddress({ index: vnic.index, address: prefix("fd00::3/64"), noDad: true }),
  replaceAddress({ index: vnic.index, address: prefix("fd00::3/64"), noDad: true }),
  addAddress({ index: vnic.index, address: prefix("10.1.2.3/24") }),
  setLink(vnic.index, { up: true, mtu: 1400 }),
  addRoute({ dst: prefix("10.1.2.0/24"), index: vnic.index, src: address("10.1.2.3") }),
  addRoute({
    dst: prefix("0.0.0.0/0"),
    gateway: address("10.1.2.1"),
    index: vnic.index,
    priority: 7,
    mtu: 1300,
    advmss: 1200,
  }),
  addRoute({ dst: prefix("::/0"), gateway: address("fd00::1"), index: vnic.index }),
  addRoute({
    dst: prefix("192.0.2.0/24"),
    gateway: address("198.51.100.1"),
    index: vnic.index,
    onlink: true,
    table: 1000,
  }),
  addRoute({ dst: prefix("203.0.113.0/24"), type: "blackhole" }),
  replaceRoute({ dst: prefix("203.0.113.0/24"), type: "unreachable" }),
  addRoute({ dst: prefix("10.200.0.0/16"), gateway: address("172.31.0.1"), index: vnic.index }),
  addNeighbour({ index: vnic.index, address: address("10.1.2.1"), mac: mac("02:00:00:00:00:01") }),
  addNeighbour({ index: vnic.index, address: address("fd00::9") }),
);
out.inside = {
  link: other.ip("-d", "link", "show", "eth0"),
  addresses: other.ip("addr", "show", "dev", "eth0"),
  routes: other.ip("-4", "route", "show", "table", "all", "proto", "118"),
  routes6: other.ip("-6", "route", "show", "proto", "118"),
  neighbours: other.ip("neigh", "show", "nud", "permanent"),
  proxies: other.ip("neigh", "show", "proxy"),
};
out.sysctl = ["arp_notify", "accept_redirects"].map((name) =>
  inCompartment(compartment, () => readSysctl(["ipv4", "conf", "eth0", name])),
);
out.read = {
  addresses: inside.request(dumpAddresses({ index: vnic.index })).map((one) => decodeAddress(one).address),
  v6: inside.request(dumpAddresses({ family: 6 })).map((one) => decodeAddress(one).address),
  tentative: inside
    .request(dumpAddresses())
    .map(decodeAddress)
    .filter((one) => one.tentative).length,
  ours: inside.request(dumpRoutes({ protocol: 118 })).map((one) => decodeRoute(one).dst),
  table: inside
    .request(dumpRoutes({ family: 4, table: 1000, index: vnic.index }))
    .map((one) => decodeRoute(one).dst),
  noTable: outcomes(inside, dumpRoutes({ family: 4, table: 4711 })),
  loopback: inside.request(dumpRoutes({ index: 1 })).map((one) => decodeRoute(one).index),
  way: inside.request(getRoute(address("198.51.100.9"))).map((one) => decodeRoute(one).gateway),
  noWay: outcomes(inside, getRoute(address("203.0.113.9"))),
  neighbours: inside
    .request(dumpNeighbours({ family: 4, index: vnic.index }))
    .map((one) => decodeNeighbour(one).mac),
  proxies: inside.request(dumpNeighbours({ proxy: true })).map((one) => decodeNeighbour(one).address),
};
out.removed = outcomes(
  inside,
  deleteRoute({ dst: prefix("203.0.113.0/24"), type: "unreachable" }),
  deleteRoute({ dst: prefix("203.0.113.0/24") }),
  deleteAddress(vnic.index, prefix("fd00::3/64")),
  deleteAddress(vnic.index, prefix("fd00::3/64")),
  deleteNeighbour(vnic.index, address("10.1.2.1")),
  deleteNeighbour(vnic.index, address("10.1.2.1")),
  deleteNeighbour(vnic.index, address("fd00::9"), true),
  setLink(vnic.index, { up: false }),
  setLink(vnic.index, { rename: "eth7" }),
);
out.renamed = linkOf(inside, "eth7").index === vnic.index;
out.freed = outcomes(host, setLink("vp1", { master: 0 }), deleteLink(port.index), deleteLink(port.index));
out.left = { host: ip("link", "show", "type", "veth"), inside: other.ip("link", "show", "type", "veth") };

compartment.close();
host.close();
other.end();
console.log(JSON.stringify(out));
