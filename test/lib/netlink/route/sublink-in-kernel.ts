/** Links on other links and questions for neighbours, in the real kernel. In its own namespace. */
import { ip as address } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import { openCompartment } from "../../../../lib/linux/netns.ts";
import { openNetlink } from "../../../../lib/linux/socket.ts";
import { connect } from "../../../../lib/netlink/connection.ts";
import { NetlinkError } from "../../../../lib/netlink/error.ts";
import type { Request } from "../../../../lib/netlink/message.ts";
import { addAddress } from "../../../../lib/netlink/route/address.ts";
import { decodeLink } from "../../../../lib/netlink/route/decode-link.ts";
import { deleteLink, getLink } from "../../../../lib/netlink/route/link.ts";
import {
  decodeNeighbour,
  deleteNeighbour,
  getNeighbour,
  solicitNeighbour,
} from "../../../../lib/netlink/route/neighbour.ts";
import { setLink } from "../../../../lib/netlink/route/set-link.ts";
import { createSublink, decodeSublink, type Sublink } from "../../../../lib/netlink/route/sublink.ts";
import { createVeth } from "../../../../lib/netlink/route/veth.ts";
import { ip, otherNamespace } from "../../linux/other-namespace.ts";

const other = await otherNamespace();
const host = connect(openNetlink("route"));
const compartment = openCompartment(other.path);
const inside = compartment.netlink;
const [own, beside] = [mac("02:00:00:00:00:05"), mac("02:00:00:00:00:06")];
const out: Record<string, unknown> = {};

/** Name of the errno, or "ok", of each request. */
const outcomes = (netlink: typeof host, ...requests: readonly Request[]) =>
  netlink.requests(requests).map((one) => (one instanceof NetlinkError ? one.errnoName : "ok"));
const linkOf = (netlink: typeof host, name: string) => {
  const [found] = netlink.request(getLink(name)).map(decodeLink);
  if (found === undefined) throw new Error(`no link ${name}`);
  return found;
};
/** The next moment at which something is so, at most 3 s from now. */
const until = (holds: () => boolean): boolean => {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (const deadline = performance.now() + 3000; performance.now() < deadline; Atomics.wait(cell, 0, 0, 2)) {
    if (holds()) return true;
  }
  return false;
};

host.request(createVeth({ name: "up0", up: true, peer: { name: "far0" } }));
host.request(setLink("far0", { up: true }));
const lower = linkOf(host, "up0").index;
const far = linkOf(host, "far0").index;
const macvlan = (mode: (Sublink & { kind: "macvlan" })["mode"]): Sublink => ({ kind: "macvlan", mode });
out.made = outcomes(
  host,
  createSublink({
    name: "eth0",
    lower,
    mtu: 1400,
    mac: own,
    netnsFd: compartment.fd,
    sublink: macvlan("bridge"),
  }),
  createSublink({ name: "mv2", lower, mac: beside, sublink: macvlan("bridge"), up: true }),
  createSublink({ name: "mv3", lower, sublink: macvlan("private") }),
  createSublink({ name: "mv4", lower, sublink: macvlan("vepa") }),
  createSublink({ name: "mv5", lower: far, sublink: macvlan("passthru") }),
);
out.refused = outcomes(
  host,
  createSublink({ name: "eth0", lower, netnsFd: compartment.fd, sublink: macvlan("bridge") }),
  createSublink({ name: "mv7", lower: far, sublink: macvlan("passthru") }),
  createSublink({ name: "mv8", lower: far, sublink: macvlan("bridge") }),
  createSublink({ name: "mv9", lower, mtu: 1501, sublink: macvlan("bridge") }),
  createSublink({ name: "mv10", lower: 4711, sublink: macvlan("bridge") }),
);
out.read = ["mv2", "mv3", "mv4", "mv5"].map((name) => decodeSublink(linkOf(host, name)));
out.inside = other.ip("-d", "link", "show", "eth0");
out.hangsOnLower = linkOf(inside, "eth0").peerIndex === lower;
out.beside = ip("-d", "link", "show", "mv2");
// Whether the kernel has these is its own affair.
out.others = outcomes(
  host,
  createSublink({ name: "up0.7", lower, sublink: { kind: "vlan", id: 7 } }),
  createSublink({ name: "iv1", lower: far, sublink: { kind: "ipvlan", mode: "l2" } }),
);

const index = linkOf(host, "mv2").index;
const four = address("10.1.2.9");
const six = address("fd00::9");
const nobody = address("10.1.2.8");
const vnic = linkOf(inside, "eth0").index;
inside.requests([
  setLink(vnic, { addrGenMode: "none" }),
  addAddress({ index: vnic, address: prefix("10.1.2.9/24") }),
  addAddress({ index: vnic, address: prefix("fd00::9/64"), noDad: true }),
  setLink(vnic, { up: true }),
]);
out.twice = outcomes(
  host,
  createSublink({ name: "mv6", lower, mac: own, sublink: macvlan("bridge") }),
  setLink("mv6", { up: true }),
);
// IPv4 asks without a sender, where the namespace has a local table at all; IPv6 needs one.
host.request(setLink("lo", { up: true }));
host.request(addAddress({ index, address: prefix("fe80::6/64"), noDad: true }));
const holder = (one: typeof four) => {
  const [found] = host.request(getNeighbour(index, one)).map(decodeNeighbour);
  return found?.mac === undefined ? found?.state : `${found.mac} ${found.state}`;
};
out.unasked = outcomes(host, getNeighbour(index, four));
out.asked = outcomes(host, ...[four, six, nobody].map((one) => solicitNeighbour(index, one)));
until(() => holder(four) !== "incomplete" && holder(six) !== "incomplete");
out.answers = [four, six, nobody].map(holder);
out.forgotten = outcomes(host, deleteNeighbour(index, nobody), getNeighbour(index, nobody));

// The lower link takes with it what hangs on it, wherever that is.
out.gone = outcomes(host, deleteLink("up0"), getLink("mv2"));
out.goneInside = until(() => outcomes(inside, getLink("eth0"))[0] === "ENODEV");
compartment.close();
host.close();
other.end();
console.log(JSON.stringify(out));
