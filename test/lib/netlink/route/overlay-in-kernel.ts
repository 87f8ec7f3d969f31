/** A VXLAN between two namespaces, by rows that are written, over IPv4 and IPv6. In its own namespace. */
import { connect as connectTcp } from "node:net";
import { ip as address, type Ip } from "../../../../lib/addr/ip.ts";
import { type Mac, mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import { openCompartment } from "../../../../lib/linux/netns.ts";
import { openNetlink } from "../../../../lib/linux/socket.ts";
import { connect, type Netlink } from "../../../../lib/netlink/connection.ts";
import { NetlinkError } from "../../../../lib/netlink/error.ts";
import type { Request } from "../../../../lib/netlink/message.ts";
import { addAddress, deleteAddress } from "../../../../lib/netlink/route/address.ts";
import { createBridge } from "../../../../lib/netlink/route/bridge.ts";
import { decodeLink } from "../../../../lib/netlink/route/decode-link.ts";
import { decodeRoute } from "../../../../lib/netlink/route/decode-route.ts";
import { appendFdb, decodeFdb, deleteFdb, dumpFdb, replaceFdb } from "../../../../lib/netlink/route/fdb.ts";
import { getLink } from "../../../../lib/netlink/route/link.ts";
import { replaceNeighbour } from "../../../../lib/netlink/route/neighbour.ts";
import {
  decodeNexthop,
  deleteNexthop,
  dumpNexthops,
  replaceNexthop,
} from "../../../../lib/netlink/route/nexthop.ts";
import { addRoute, deleteRoute, dumpRoutes, replaceRoute } from "../../../../lib/netlink/route/route.ts";
import { setLink } from "../../../../lib/netlink/route/set-link.ts";
import { createVeth } from "../../../../lib/netlink/route/veth.ts";
import { createVxlan, decodeVxlan, setVxlanLocal } from "../../../../lib/netlink/route/vxlan.ts";
import { ip, otherNamespace } from "../../linux/other-namespace.ts";

const other = await otherNamespace();
const host = connect(openNetlink("route"));
const compartment = openCompartment(other.path);
const far = compartment.netlink;
const out: Record<string, unknown> = {};

/** Name of the errno, or "ok", of each request. */
const outcomes = (netlink: Netlink, ...requests: readonly Request[]) =>
  netlink.requests(requests).map((one) => (one instanceof NetlinkError ? one.errnoName : "ok"));
const must = (netlink: Netlink, ...requests: readonly Request[]) => {
  for (const request of requests) netlink.request(request);
};
const linkOf = (netlink: Netlink, name: string) => {
  const [found] = netlink.request(getLink(name)).map(decodeLink);
  if (found === undefined) throw new Error(`no link ${name}`);
  return found;
};
/** Whether the other side answers: that nobody listens there is an answer. */
const reach = (host: string) =>
  new Promise<string>((resolve) => {
    const socket = connectTcp({ host, port: 9, timeout: 3000 });
    const end = (word: string) => {
      socket.destroy();
      resolve(word);
    };
    socket.on("error", (error: Error & { code?: string }) => end(error.code ?? error.message));
    socket.on("timeout", () => end("timeout"));
    socket.on("connect", () => end("connected"));
  });

/** The n-th of each on either side. */
const macs = [mac("02:00:00:00:00:01"), mac("02:00:00:00:00:02")] as const;
const outer4 = [address("192.0.2.1"), address("192.0.2.2")] as const;
const outer6 = [address("2001:db8::1"), address("2001:db8::2")] as const;

must(host, createVeth({ name: "up0", up: true, peer: { name: "up0", netnsFd: compartment.fd } }));
const sides = [host, far] as const;
for (const [i, netlink] of sides.entries()) {
  must(netlink, setLink("lo", { up: true }), setLink("up0", { up: true }));
  const { index } = linkOf(netlink, "up0");
  must(
    netlink,
    addAddress({ index, address: prefix(`${outer4[i]}/24`) }),
    addAddress({ index, address: prefix(`${outer6[i]}/64`), noDad: true }),
  );
}

/** All that one side needs of the other: an end, the neighbour behind it, the way to it, the block. */
function join(name: string, vni: number, outer: readonly [Ip, Ip], octet: number): void {
  for (const [i, netlink] of sides.entries()) {
    const peer = 1 - i;
    const [local, vtep] = [outer[i] as Ip, outer[peer] as Ip];
    const [own, theirs] = [macs[i] as Mac, macs[peer] as Mac];
    must(netlink, createVxlan({ name, vni, local, udpPort: 4789, mtu: 1400, mac: own, up: true }));
    const { index } = linkOf(netlink, name);
    const gateway = address(`fe80::${peer + 1}`);
    must(
      netlink,
      addAddress({ index, address: prefix(`10.${octet}.${i}.1/32`) }),
      addAddress({ index, address: prefix(`fd00:${octet}:${i}::1/128`), noDad: true }),
      replaceFdb({ index, mac: theirs, vtep, on: "self", state: "permanent" }),
      replaceNeighbour({ index, address: gateway, mac: theirs, protocol: 118 }),
      replaceNexthop({ id: octet, index, gateway, onlink: true }),
      replaceRoute({ dst: prefix(`10.${octet}.${peer}.0/24`), nexthopId: octet }),
      replaceRoute({ dst: prefix(`fd00:${octet}:${peer}::/64`), nexthopId: octet }),
    );
  }
}

join("vt0", 4097, outer4, 40);
join("vt6", 4098, outer6, 60);
const [vt0, vt6] = [linkOf(host, "vt0"), linkOf(host, "vt6")];
out.links = [vt0, vt6].map((link) => ({ ...decodeVxlan(link), mac: link.mac, mtu: link.mtu }));
out.ip = ip("-d", "link", "show", "type", "vxlan");
out.reached = await Promise.all(["10.40.1.1", "fd00:40:1::1", "10.60.1.1", "fd00:60:1::1"].map(reach));
out.nexthops = host
  .request(dumpNexthops({ index: vt0.index }))
  .map(decodeNexthop)
  .map(({ attrs, ...one }) => ({ ...one, index: one.index === vt0.index }));
out.routes = host
  .request(dumpRoutes({ family: 4, protocol: 118 }))
  .map(decodeRoute)
  .map(({ dst, nexthopId, gateway }) => [dst, nexthopId, gateway]);
out.rows = host
  .request(dumpFdb({ index: vt0.index }))
  .map(decodeFdb)
  .map(({ mac, vtep, on, state }) => [mac, vtep, on, state]);
out.noLink = outcomes(host, dumpFdb({ index: 4711 })).concat(
  String(host.request(dumpFdb({ index: 4711 })).length),
);

// The other side gets another address outside, as when its underlay is renumbered.
const moved = address("192.0.2.3");
const farUp0 = linkOf(far, "up0").index;
must(far, addAddress({ index: farUp0, address: prefix("192.0.2.3/25") }));
out.moved = outcomes(far, setVxlanLocal("vt0", moved), setVxlanLocal("vt0", outer6[1]));
must(far, deleteAddress(farUp0, prefix("192.0.2.2/24")));
must(host, replaceFdb({ index: vt0.index, mac: macs[1], vtep: moved, on: "self", state: "permanent" }));
out.afterMove = [await reach("10.40.1.1"), decodeVxlan(linkOf(far, "vt0"))?.local];
out.moved6 = outcomes(host, setVxlanLocal("vt6", address("2001:db8::9")));

const nobody = mac("00:00:00:00:00:00");
const flood = { index: vt0.index, mac: nobody, on: "self", state: "permanent" } as const;
const row = { index: vt0.index, mac: macs[1], on: "self", state: "permanent" } as const;
out.flood = outcomes(
  host,
  appendFdb({ ...flood, vtep: outer4[1] }),
  appendFdb({ ...flood, vtep: outer4[1] }),
  appendFdb({ ...flood, vtep: moved }),
  replaceFdb({ ...flood, vtep: moved }),
);
const gone = deleteFdb({ ...flood, vtep: moved });
out.deletedEnds = outcomes(host, gone, gone);
out.endsLeft = host
  .request(dumpFdb({ index: vt0.index }))
  .map(decodeFdb)
  .filter(({ mac }) => mac === nobody)
  .map(({ vtep }) => vtep);
out.refused = outcomes(
  host,
  replaceFdb({ ...row, vtep: outer6[1] }),
  createVxlan({ name: "vt0", vni: 5000, local: outer4[0], udpPort: 4789 }),
  createVxlan({ name: "vt1", vni: 4097, local: outer4[0], udpPort: 4789 }),
  addRoute({ dst: prefix("10.99.0.0/24"), nexthopId: 99 }),
  addRoute({ dst: prefix("fd00:99::/64"), nexthopId: 99 }),
);
out.unreachable = outcomes(
  host,
  addRoute({ dst: prefix("10.40.0.0/16"), type: "unreachable", priority: 4000 }),
  addRoute({ dst: prefix("fd00:40::/32"), type: "unreachable", priority: 4000 }),
);
out.unreachables = host
  .request(dumpRoutes({ protocol: 118 }))
  .map(decodeRoute)
  .filter(({ type }) => type === "unreachable")
  .map(({ dst, priority }) => [dst, priority]);
out.removed = outcomes(
  host,
  deleteRoute({ dst: prefix("10.40.0.0/16"), type: "unreachable", priority: 4000 }),
  deleteFdb(row),
  deleteFdb(row),
  deleteNexthop(40),
  deleteNexthop(40),
);
out.routesLeft = host.request(dumpRoutes({ family: 4, protocol: 118 })).map((one) => decodeRoute(one).dst);

must(host, createBridge({ name: "br0" }));
const master = linkOf(host, "br0").index;
must(host, setLink("vt6", { master }));
const ofPort = { index: vt6.index, mac: mac("02:00:00:00:00:0a"), on: "master" } as const;
out.port = outcomes(
  host,
  replaceFdb({ ...ofPort, state: "noarp" }),
  deleteFdb({ ...ofPort, mac: mac("02:00:00:00:00:0b") }),
);
out.portRows = host
  .request(dumpFdb({ index: vt6.index }))
  .map(decodeFdb)
  .map(({ mac, on, state, master: of }) => [mac, on, state, of === master]);

compartment.close();
host.close();
other.end();
console.log(JSON.stringify(out));
