/** A neighbour has stale entries for two addresses; after the announcement it knows better. In its own namespace. */
import { ip as address } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import { inCompartment, openCompartment } from "../../../../lib/linux/netns.ts";
import { openNetlink } from "../../../../lib/linux/socket.ts";
import { writeSysctl } from "../../../../lib/linux/sysctl.ts";
import { connect } from "../../../../lib/netlink/connection.ts";
import { NetlinkError } from "../../../../lib/netlink/error.ts";
import type { Request } from "../../../../lib/netlink/message.ts";
import { addAddress } from "../../../../lib/netlink/route/address.ts";
import { announceLink } from "../../../../lib/netlink/route/announce.ts";
import { decodeLink } from "../../../../lib/netlink/route/decode-link.ts";
import { getLink } from "../../../../lib/netlink/route/link.ts";
import { addNeighbour, decodeNeighbour, dumpNeighbours } from "../../../../lib/netlink/route/neighbour.ts";
import { setLink } from "../../../../lib/netlink/route/set-link.ts";
import { createVeth } from "../../../../lib/netlink/route/veth.ts";
import { otherNamespace } from "../../linux/other-namespace.ts";

const other = await otherNamespace();
const host = connect(openNetlink("route"));
const compartment = openCompartment(other.path);
const inside = compartment.netlink;
const [own, stale] = [mac("02:00:00:00:00:03"), mac("02:00:00:00:00:99")];
const four = address("10.1.2.3");
const six = address("fd00::3");

const all = (netlink: typeof host, ...requests: readonly Request[]) => {
  for (const one of netlink.requests(requests)) if (one instanceof NetlinkError) throw one;
};
/** The next moment at which something is so, at most 3 s from now. */
const until = (holds: () => boolean): boolean => {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (const deadline = performance.now() + 3000; performance.now() < deadline; Atomics.wait(cell, 0, 0, 2)) {
    if (holds()) return true;
  }
  return false;
};

all(host, createVeth({ name: "vp1", up: true, peer: { name: "eth0", mac: own, netnsFd: compartment.fd } }));
const port = host.request(getLink("vp1")).map(decodeLink)[0];
if (port?.peerIndex === undefined) throw new Error("no port");
const [index, peer] = [port.index, port.peerIndex];
all(
  inside,
  setLink(peer, { addrGenMode: "none" }),
  addAddress({ index: peer, address: prefix("10.1.2.3/24") }),
  addAddress({ index: peer, address: prefix("fd00::3/64"), noDad: true }),
  setLink(peer, { up: true }),
);
const known = () => {
  const entries = host.request(dumpNeighbours({ index })).map(decodeNeighbour);
  return [four, six].map((one) => entries.find(({ address }) => address === one)?.mac);
};
const carrier = until(() => host.request(getLink(index)).map(decodeLink)[0]?.operState === "up");
all(
  host,
  addAddress({ index, address: prefix("10.1.2.1/24") }),
  addAddress({ index, address: prefix("fd00::1/64"), noDad: true }),
  addNeighbour({ index, address: four, mac: stale, state: "stale" }),
  addNeighbour({ index, address: six, mac: stale, state: "stale" }),
);
const before = known();
inCompartment(compartment, () => writeSysctl(["ipv6", "conf", "eth0", "ndisc_notify"], "1"));
all(inside, ...announceLink(peer, own));
until(() => known().every((one) => one === own));
const after = known();
compartment.close();
other.end();
console.log(JSON.stringify({ carrier, before, after }));
