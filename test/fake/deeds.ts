/** What is asked of a kernel, and what became of each: the same of the fake as of a real one. */

import { ip } from "../../lib/addr/ip.ts";
import { mac } from "../../lib/addr/mac.ts";
import { prefix } from "../../lib/addr/prefix.ts";
import type { Machine } from "../../lib/linux/machine.ts";
import type { Netlink } from "../../lib/netlink/connection.ts";
import { NetlinkError } from "../../lib/netlink/error.ts";
import type { Request } from "../../lib/netlink/message.ts";
import { addAddress, decodeAddress, deleteAddress, dumpAddresses } from "../../lib/netlink/route/address.ts";
import { createBridge } from "../../lib/netlink/route/bridge.ts";
import { decodeBridgePort, setBridgePort } from "../../lib/netlink/route/bridge-port.ts";
import { decodeLink, type Link } from "../../lib/netlink/route/decode-link.ts";
import { decodeRoute } from "../../lib/netlink/route/decode-route.ts";
import { deleteLink, dumpLinks, getLink } from "../../lib/netlink/route/link.ts";
import {
  decodeNeighbour,
  deleteNeighbour,
  getNeighbour,
  solicitNeighbour,
} from "../../lib/netlink/route/neighbour.ts";
import {
  addRoute,
  deleteRoute,
  dumpRoutes,
  type NewRoute,
  replaceRoute,
} from "../../lib/netlink/route/route.ts";
import { setLink } from "../../lib/netlink/route/set-link.ts";
import {
  createSublink,
  decodeSublink,
  type NewSublink,
  sublinkTitle,
} from "../../lib/netlink/route/sublink.ts";
import { createVeth } from "../../lib/netlink/route/veth.ts";
import { remoteDeeds } from "./deeds-remote.ts";
import { rulesDeeds } from "./deeds-rules.ts";
import { tcDeeds } from "./deeds-tc.ts";

/** @param path of a compartment that is empty. @returns one line for each deed */
export function deeds(machine: Machine, path: string): readonly string[] {
  const handle = machine.openCompartment(path);
  try {
    return [
      ...linkDeeds(machine, handle.netlink, handle.fd),
      ...routeDeeds(machine.host, handle.netlink),
      ...sysctlDeeds(machine, handle),
      ...rulesDeeds(machine.rules, ask),
      ...tcDeeds(machine.host, ask),
      ...endDeeds(machine.host, handle.netlink),
      ...sublinkDeeds(machine.host, handle.netlink, handle.fd),
      ...remoteDeeds(machine.host, ask),
    ];
  } finally {
    handle.close();
  }
}

const port = mac("02:00:00:00:00:01");
const far = mac("02:00:00:00:00:02");

/** Sends it. @returns what it is, and what became of it */
function ask(netlink: Netlink, what: string, request: Request): string {
  const [outcome] = netlink.requests([request]);
  return `${what}: ${outcome instanceof NetlinkError ? outcome.errnoName : "done"}`;
}

function linkNamed(netlink: Netlink, name: string): Link {
  const [reply] = netlink.request(getLink(name));
  if (reply === undefined) throw new Error(`no ${name}`);
  return decodeLink(reply);
}

const indexOf = (netlink: Netlink, name: string): number => linkNamed(netlink, name).index;

function show(netlink: Netlink, name: string): string {
  const { kind, mac: own, mtu, up, operState, alias, slaveKind } = linkNamed(netlink, name);
  return `${name} is ${[kind, own, mtu, up, operState, alias, slaveKind].join(" ")}`;
}

function linkDeeds({ host }: Machine, inside: Netlink, fd: number): readonly string[] {
  const veth = (name: string, peer: string, over: { readonly master?: number; readonly netnsFd?: number }) =>
    createVeth({
      name,
      mac: port,
      mtu: 1400,
      up: true,
      ...(over.master === undefined ? {} : { master: over.master }),
      peer: { name: peer, mac: far, mtu: 1400, netnsFd: over.netnsFd ?? fd },
    });
  return [
    ask(host, "ask for a link that is not there", getLink("none")),
    ask(host, "ask for a number that is not there", getLink(4711)),
    ask(host, "delete a link that is not there", deleteLink("none")),
    ask(host, "change a link that is not there", setLink("none", { up: true })),
    ask(host, "make a bridge", createBridge({ name: "br0", mac: mac("02:00:00:00:00:03"), mtu: 1450 })),
    ask(host, "make it again", createBridge({ name: "br0", mtu: 1450 })),
    show(host, "br0"),
    ask(host, "make a pair on a switch that is not there", veth("vp0", "eth0", { master: 4711 })),
    ask(host, "make a pair into a compartment that is none", veth("vp0", "eth0", { netnsFd: 4711 })),
    ask(host, "look for it", getLink("vp0")),
    ask(host, "make a pair", veth("vp0", "eth0", { master: indexOf(host, "br0") })),
    ask(host, "make it again", veth("vp0", "eth9", {})),
    ask(host, "make one whose other end is there", veth("vp9", "eth0", {})),
    ask(host, "look for its own end", getLink("vp9")),
    ask(host, "mark it", setLink("vp0", { alias: "a mark" })),
    ask(host, "let it answer itself", setBridgePort("vp0", { hairpin: true })),
    ask(host, "isolate it, and let it not answer", setBridgePort("vp0", { isolated: true, hairpin: false })),
    flagsOf(host, "vp0"),
    ask(host, "let it do both", setBridgePort("vp0", { hairpin: true })),
    flagsOf(host, "vp0"),
    ask(host, "the same of what is no port", setBridgePort("br0", { hairpin: true })),
    ask(host, "let it have no address", setLink("vp0", { addrGenMode: "none" })),
    show(host, "vp0"),
    show(inside, "eth0"),
    `bridges: ${names(host, { kind: "bridge" })}, pairs: ${names(host, { kind: "veth" })}`,
    `ports: ${names(host, { master: indexOf(host, "br0") })}, inside: ${names(inside, { kind: "veth" })}`,
  ];
}

function flagsOf(netlink: Netlink, name: string): string {
  const flags = decodeBridgePort(linkNamed(netlink, name));
  return `${name} hairpin ${flags?.hairpin}, isolated ${flags?.isolated}`;
}

function names(netlink: Netlink, filter: Parameters<typeof dumpLinks>[0]): string {
  return netlink
    .request(dumpLinks(filter))
    .map((reply) => decodeLink(reply).name)
    .join(" ");
}

function routeDeeds(host: Netlink, inside: Netlink): readonly string[] {
  const index = indexOf(inside, "eth0");
  const address = (what: string, text: string) =>
    ask(inside, what, addAddress({ index, address: prefix(text), noDad: text.includes(":") }));
  const route = (what: string, dst: string, over: Partial<NewRoute> = {}) =>
    ask(inside, what, addRoute({ dst: prefix(dst), index, ...over }));
  const via4 = { gateway: ip("10.7.0.1") };
  const via6 = { gateway: ip("fd07::1") };
  return [
    address("give an address", "10.7.0.2/24"),
    address("give it again", "10.7.0.2/24"),
    address("give one of IPv6", "fd07::2/64"),
    address("give that again", "fd07::2/64"),
    ask(inside, "give one to no link", addAddress({ index: 4711, address: prefix("10.8.0.2/24") })),
    ask(inside, "take one that it has not", deleteAddress(index, prefix("10.9.0.2/24"))),
    route("a route while it is down", "0.0.0.0/0", via4),
    ask(inside, "turn it on", setLink(index, { up: true })),
    ask(host, "turn the bridge on", setLink("br0", { up: true })),
    route("a route to a gateway beyond", "10.1.0.0/16", { gateway: ip("10.6.0.1") }),
    route("one of IPv6", "fd01::/64", { gateway: ip("fd06::1") }),
    route("the default route", "0.0.0.0/0", via4),
    route("again", "0.0.0.0/0", via4),
    route("again behind it", "0.0.0.0/0", { ...via4, priority: 1000 }),
    route("again in another table", "0.0.0.0/0", { ...via4, table: 100 }),
    route("that of IPv6", "::/0", via6),
    route("again", "::/0", via6),
    route("again behind it", "::/0", { ...via6, priority: 1025 }),
    route("one on the link", "10.2.0.0/24"),
    route("one through it", "10.3.0.0/24", { gateway: ip("10.2.0.1") }),
    route("one out of no link", "10.4.0.0/24", { index: 4711 }),
    `addresses: ${addressesOf(inside, index)}`,
    ...routesOf(inside, index),
  ];
}

function addressesOf(netlink: Netlink, index: number): string {
  const all = netlink.request(dumpAddresses({ index })).map((reply) => decodeAddress(reply).address);
  return all.filter((address) => !address.startsWith("fe80")).join(" ");
}

function routesOf(netlink: Netlink, index: number): readonly string[] {
  return (
    netlink
      .request(dumpRoutes({ index }))
      .map(decodeRoute)
      .filter(({ table, dst }) => table !== 255 && !dst.startsWith("fe80") && !dst.startsWith("ff00"))
      .map(({ dst, gateway, table, priority, scope }) => `${dst} ${gateway} ${table} ${priority} ${scope}`)
      // Those that the kernel makes by itself for IPv6 have a metric of their own.
      .map((line) => line.replace("fd07::/64 undefined 254 256 global", "fd07::/64 undefined 254 0 link"))
      .toSorted()
  );
}

function sysctlDeeds(machine: Machine, handle: ReturnType<Machine["openCompartment"]>): readonly string[] {
  const read = (...key: string[]) => `${key.join("/")} is ${machine.readSysctl(key)}`;
  const inside = <T>(fn: () => T): T => machine.inCompartment(handle, fn);
  const index = indexOf(handle.netlink, "eth0");
  return [
    read("ipv6", "conf", "none", "accept_ra"),
    inside(() => read("ipv6", "conf", "eth0", "accept_dad")),
    inside(() => read("ipv6", "conf", "br0", "accept_dad")),
    `was ${inside(() => machine.writeSysctl(["ipv6", "conf", "eth0", "accept_dad"], "0"))}`,
    inside(() => read("ipv6", "conf", "eth0", "accept_dad")),
    inside(() => `was ${machine.writeSysctl(["ipv6", "conf", "eth0", "disable_ipv6"], "1")}`),
    ask(
      handle.netlink,
      "an address where IPv6 is off",
      addAddress({ index, address: prefix("fd08::2/64"), noDad: true }),
    ),
  ];
}

function endDeeds(host: Netlink, inside: Netlink): readonly string[] {
  const deleted = ask(host, "delete the bridge", deleteLink("br0"));
  const { master, up } = linkNamed(host, "vp0");
  return [
    deleted,
    `its port has the master ${master} and is ${up ? "up" : "down"}`,
    flagsOf(host, "vp0"),
    ask(host, "delete the pair", deleteLink("vp0")),
    ask(inside, "ask for its other end", getLink("eth0")),
    ask(host, "delete it again", deleteLink("vp0")),
  ];
}

/** On a pair whose other end is here too: the LAN has nobody beyond. */
function sublinkDeeds(host: Netlink, inside: Netlink, fd: number): readonly string[] {
  const own = mac("02:00:00:00:00:05");
  const pair = createVeth({ name: "up0", up: true, mac: port, peer: { name: "far0", mac: far } });
  const made = [
    ask(host, "make an uplink", pair),
    ask(host, "turn its end on", setLink("far0", { up: true })),
  ];
  const lower = indexOf(host, "up0");
  const macvlan = (what: string, name: string, over: Partial<NewSublink> = {}) =>
    ask(host, what, createSublink({ name, lower, sublink: { kind: "macvlan", mode: "bridge" }, ...over }));
  const passthru = { sublink: { kind: "macvlan", mode: "passthru" } } as const;
  return [
    ...made,
    macvlan("make a macvlan in the compartment", "eth0", { netnsFd: fd, mac: own, mtu: 1400 }),
    macvlan("make it again", "eth0", { netnsFd: fd }),
    macvlan("make one on nothing", "eth1", { lower: 4711 }),
    macvlan("make one in no compartment", "eth1", { netnsFd: 4711 }),
    macvlan("make one that is larger than its link", "eth1", { mtu: 1501 }),
    macvlan("give one the whole link", "eth1", passthru),
    macvlan("make one beside it", "mv0", { mac: mac("02:00:00:00:00:06"), up: true }),
    macvlan("make one of the same MAC", "mv1", { mac: own }),
    ask(inside, "name it anew", setLink(indexOf(inside, "eth0"), { rename: "eth9" })),
    ask(inside, "name it as another", setLink(indexOf(inside, "eth9"), { rename: "lo" })),
    ask(inside, "name it as before", setLink(indexOf(inside, "eth9"), { rename: "eth0" })),
    ask(inside, "turn the first on", setLink("eth0", { up: true })),
    ask(host, "turn the other one on", setLink("mv1", { up: true })),
    lowerOf(inside, "eth0", lower),
    lowerOf(host, "mv0", lower),
    show(inside, "eth0"),
    ...neighbourDeeds(host, inside),
    ask(host, "delete the uplink", deleteLink("up0")),
    ask(host, "ask for what hung on it here", getLink("mv0")),
    ask(inside, "ask for what hung on it there", getLink("eth0")),
  ];
}

function lowerOf(netlink: Netlink, name: string, lower: number): string {
  const link = linkNamed(netlink, name);
  const sublink = decodeSublink(link);
  return `${name} is a ${sublink && sublinkTitle(sublink)} of ${link.peerIndex === lower ? "the uplink" : "another"}`;
}

function neighbourDeeds(host: Netlink, inside: Netlink): readonly string[] {
  const index = indexOf(inside, "eth0");
  const near = indexOf(host, "mv0");
  const [taken, free] = [ip("10.7.0.9"), ip("10.7.0.8")];
  const state = (what: string, address: typeof taken) => {
    const [found] = inside.request(getNeighbour(index, address)).map(decodeNeighbour);
    return `${what} is ${found?.state} ${found?.state === "reachable" ? found.mac : ""}`;
  };
  const route = { dst: prefix("10.7.0.5/32"), index: near } as const;
  return [
    ask(inside, "turn the loopback on", setLink("lo", { up: true })),
    ask(host, "give the other one an address", addAddress({ index: near, address: prefix("10.7.0.9/24") })),
    ask(inside, "ask for what nobody asked for", getNeighbour(index, taken)),
    ask(inside, "have it asked", solicitNeighbour(index, taken)),
    ask(inside, "have another one asked", solicitNeighbour(index, free)),
    state("the one", taken),
    state("the other", free),
    ask(inside, "have one asked on no link", solicitNeighbour(4711, free)),
    ask(inside, "forget it", deleteNeighbour(index, free)),
    ask(inside, "forget it again", deleteNeighbour(index, free)),
    ask(host, "a route with a metric", replaceRoute({ ...route, priority: 7 })),
    ask(host, "the same", replaceRoute({ ...route, priority: 7 })),
    ask(host, "one with another", replaceRoute({ ...route, priority: 8 })),
    ask(host, "delete it with that of none", deleteRoute({ ...route, priority: 9 })),
    ask(host, "delete the first", deleteRoute({ ...route, priority: 7 })),
    ask(host, "delete it again", deleteRoute({ ...route, priority: 7 })),
    ask(host, "delete the second", deleteRoute({ ...route, priority: 8 })),
  ];
}
