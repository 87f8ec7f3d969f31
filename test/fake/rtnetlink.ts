/** rtnetlink of the fake kernel: our requests in, replies as the real one gives them out. */
import type { Ip } from "../../lib/addr/ip.ts";
import { linkLocal, macBytes, mac as parseMac } from "../../lib/addr/mac.ts";
import { contains, networkOf, type Prefix, prefixFamily, prefixOf } from "../../lib/addr/prefix.ts";
import { bytes, getNested, getU8, getU32, hasAttr, nested, text, u8, u32 } from "../../lib/netlink/attr.ts";
import { concat, encodeText, readU8, readU32 } from "../../lib/netlink/bytes.ts";
import {
  isDump,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  type Reply,
  type Request,
} from "../../lib/netlink/message.ts";
import { addAddress, decodeAddress } from "../../lib/netlink/route/address.ts";
import { decodeLink, type Link } from "../../lib/netlink/route/decode-link.ts";
import { decodeRoute, type Route } from "../../lib/netlink/route/decode-route.ts";
import { AF_INET, AF_INET6 } from "../../lib/netlink/route/family.ts";
import * as ifla from "../../lib/netlink/route/ifinfo.ts";
import { addRoute, type NewRoute } from "../../lib/netlink/route/route.ts";
import * as rt from "../../lib/netlink/route/rtmsg.ts";
import { answerNeighbour, neighbourTypes } from "./neighbours.ts";
import { answerNexthop, downLink, nexthopTypes } from "./remote.ts";
import { addLink, type FakeLink, linkNamed, Refusal, type Stack } from "./stack.ts";
import { addSublink, encodeLower, refuseUp } from "./sublink.ts";
import { encodeTap } from "./tap.ts";
import { answerTc, tcTypes } from "./tc.ts";
import { changePort, changeVxlan, encodePort, encodeVxlan, leaveBridge, refuseRival } from "./vxlan.ts";

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const VETH_INFO_PEER = 1;
const IPV4_DEVCONF_ARP_NOTIFY = 22;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IN6_ADDR_GEN_MODE_NONE = 1;
const operStates = { unknown: 0, down: 2, up: 6 } as const;

type StackOf = (fd: number) => Stack;

/** @param stackOf the namespace behind a descriptor. @throws {Refusal} */
export function answerRoute(request: Request, stack: Stack, stackOf: StackOf): readonly Reply[] {
  switch (request.type) {
    case ifla.RTM_NEWLINK:
      if (request.flags & NLM_F_CREATE) createLink(request, stack, stackOf);
      else changeLink(request, stack);
      return [];
    case ifla.RTM_DELLINK:
      removeLinks(stack, decodeLink(request));
      return [];
    case ifla.RTM_GETLINK:
      return getLinks(request, stack).map((link) => reply(ifla.RTM_NEWLINK, encodeLink(stack, link)));
    case RTM_NEWADDR:
      newAddress(request, stack);
      return [];
    case RTM_DELADDR:
      deleteAddress(request, stack);
      return [];
    case RTM_GETADDR:
      return getAddresses(stack, readU32(request.payload, 4));
    case rt.RTM_NEWROUTE:
      newRoute(request, stack);
      return [];
    case rt.RTM_DELROUTE:
      deleteRoute(request, stack);
      return [];
    case rt.RTM_GETROUTE:
      return getRoutes(request, stack);
    default:
      if (neighbourTypes.includes(request.type)) return answerNeighbour(request, stack);
      if (nexthopTypes.includes(request.type)) return answerNexthop(request, stack);
      if (tcTypes.includes(request.type)) return answerTc(request, stack);
      throw new Error(`the fake kernel does not know ${request.title}`);
  }
}

const reply = (type: number, payload: Uint8Array): Reply => ({ type, flags: 0, payload });

function findLink(
  stack: Stack,
  { index, name }: { readonly index: number; readonly name?: string },
): FakeLink {
  const link = stack.links.get(index) ?? linkNamed(stack, name ?? "");
  if (link === undefined) throw new Refusal("ENODEV");
  return link;
}

function settingsOf({ name, kind, mac, mtu, up, group }: Link): Partial<FakeLink> & Pick<FakeLink, "name"> {
  return { name, kind, up, group, ...(mac && { mac }), ...(mtu && { mtu }) };
}

/** Both ends of a pair or none: the peer comes first, as in drivers/net/veth.c. */
function createLink(request: Request, stack: Stack, stackOf: StackOf): void {
  const { master, ...wanted } = decodeLink(request);
  if (wanted.peerIndex !== undefined) {
    const fd = getU32(wanted.attrs, ifla.IFLA_NET_NS_FD);
    addSublink(wanted as Link, stack, fd === undefined ? stack : stackOf(fd), settingsOf(wanted as Link));
    return;
  }
  if (linkNamed(stack, wanted.name)) {
    if (request.flags & NLM_F_EXCL) throw new Refusal("EEXIST");
    changeLink(request, stack);
    return;
  }
  if (master !== undefined && !stack.links.has(master)) throw new Refusal("EINVAL");
  if (wanted.kind === "vxlan") refuseRival(stack, wanted as Link);
  const settings = {
    ...settingsOf(wanted as Link),
    ...(master === undefined ? {} : { master }),
    ...(wanted.kind === "vxlan" ? { vxlan: wanted.data } : {}),
  };
  const inner = wanted.data.find(({ type }) => wanted.kind === "veth" && type === VETH_INFO_PEER);
  if (inner === undefined) {
    addLink(stack, settings);
    return;
  }
  const peer = decodeLink(reply(0, inner.bytes));
  const fd = getU32(peer.attrs, ifla.IFLA_NET_NS_FD);
  const other = fd === undefined ? stack : stackOf(fd);
  const far = addLink(other, { ...settingsOf(peer), kind: "veth" });
  const near = addLink(stack, { ...settings, peer: { stack: other, index: far.index } });
  far.peer = { stack, index: near.index };
}

function changeLink(request: Request, stack: Stack): void {
  const wanted = decodeLink(request);
  const link = findLink(stack, wanted);
  const families = getNested(wanted.attrs, ifla.IFLA_AF_SPEC) ?? [];
  const genMode = getU8(getNested(families, AF_INET6) ?? [], IFLA_INET6_ADDR_GEN_MODE);
  if (genMode !== undefined && stack.ipv6 === "absent") throw new Refusal("EAFNOSUPPORT");
  if (wanted.slaveKind !== undefined && link.master === undefined) throw new Refusal("EOPNOTSUPP");
  if (genMode === IN6_ADDR_GEN_MODE_NONE) link.traits.add("addrgenmode none");
  changePort(link, wanted.slaveData);
  changeVxlan(link, wanted.data);
  const turns = (readU32(request.payload, 12) & ifla.IFF_UP) !== 0;
  if (turns && wanted.up && !link.up) refuseUp(link);
  if (turns && !wanted.up) downLink(stack, link);
  if (turns) link.up = wanted.up;
  if (wanted.index !== 0 && wanted.name !== "" && wanted.name !== link.name) {
    if (linkNamed(stack, wanted.name)) throw new Refusal("EEXIST");
    link.name = wanted.name;
  }
  if (wanted.alias !== undefined) link.alias = wanted.alias;
  if (hasAttr(wanted.attrs, ifla.IFLA_MASTER)) moveTo(stack, link, wanted.master ?? 0);
  if (wanted.mtu !== 0) link.mtu = wanted.mtu;
  if ((readU32(request.payload, 8) & ifla.IFF_ALLMULTI) !== 0) link.traits.add("allmulticast on");
  if (hasAttr(wanted.attrs, ifla.IFLA_GROUP)) link.group = wanted.group;
  const conf = getNested(getNested(families, AF_INET) ?? [], 1) ?? [];
  if (getU32(conf, IPV4_DEVCONF_ARP_NOTIFY) === 1) link.sysctls.set("ipv4/arp_notify", "1");
  if (wanted.mac === undefined) return;
  link.mac = wanted.mac;
  if (link.up && link.sysctls.get("ipv4/arp_notify") === "1") link.announced = [...link.addresses];
}

function moveTo(stack: Stack, link: FakeLink, master: number): void {
  if (master !== 0 && !stack.links.has(master)) throw new Refusal("EINVAL");
  if (master === link.master) return;
  leaveBridge(link);
  if (master !== 0) link.master = master;
}

/** One by its name or number, or all of a group. */
function removeLinks(stack: Stack, wanted: Link): void {
  if (!hasAttr(wanted.attrs, ifla.IFLA_GROUP)) {
    removeLink(stack, findLink(stack, wanted));
    return;
  }
  const members = [...stack.links.values()].filter(({ group }) => group === wanted.group);
  if (members.length === 0) throw new Refusal("ENODEV");
  for (const link of members) removeLink(stack, link);
}

function removeLink(stack: Stack, link: FakeLink): void {
  downLink(stack, link);
  stack.links.delete(link.index);
  link.peer?.stack.links.delete(link.peer.index);
  for (const { stack: other, link: upper } of link.uppers ?? [])
    if (other.links.get(upper.index) === upper) removeLink(other, upper);
  for (const port of stack.links.values()) {
    if (port.master === link.index) leaveBridge(port);
  }
}

function getLinks(request: Request, stack: Stack): readonly FakeLink[] {
  const { kind, master, ...wanted } = decodeLink(request);
  if (!isDump(request)) return [findLink(stack, wanted)];
  const passes = (link: FakeLink) =>
    (kind === undefined || link.kind === kind) && (master === undefined || link.master === master);
  return [...stack.links.values()].filter(passes);
}

function encodeLink(stack: Stack, link: FakeLink): Uint8Array {
  const { index, name, kind, mac, mtu, up, master, group, alias } = link;
  const below = encodeLower(link);
  const info =
    kind === undefined
      ? []
      : [text(ifla.IFLA_INFO_KIND, kind), ...below.info, ...encodeTap(link), ...encodeVxlan(link)];
  if (master !== undefined) {
    info.push(text(ifla.IFLA_INFO_SLAVE_KIND, "bridge"), encodePort(link));
  }
  const parts = [ifla.ifinfomsg(index, up), text(ifla.IFLA_IFNAME, name), u32(ifla.IFLA_MTU, mtu)];
  parts.push(u8(ifla.IFLA_OPERSTATE, operStates[operState(stack, link)]));
  parts.push(bytes(ifla.IFLA_ADDRESS, macBytes(parseMac(mac))), u32(ifla.IFLA_GROUP, group));
  if (master !== undefined) parts.push(u32(ifla.IFLA_MASTER, master));
  if (alias !== undefined) parts.push(bytes(ifla.IFLA_IFALIAS, encodeText(alias)));
  return concat([...parts, ...below.attrs, nested(ifla.IFLA_LINKINFO, info)]);
}

/** A veth works when both its ends are up, a bridge when a port of it works. */
function operState(stack: Stack, link: FakeLink): keyof typeof operStates {
  if (!link.up) return "down";
  if (link.kind === "bridge") {
    const works = (port: FakeLink) => port.master === link.index && operState(stack, port) === "up";
    return [...stack.links.values()].some(works) ? "up" : "down";
  }
  if (link.lower !== undefined) return link.lower.up ? "up" : "down";
  if (link.peer === undefined) return "unknown";
  return link.peer.stack.links.get(link.peer.index)?.up ? "up" : "down";
}

function newAddress(request: Request, stack: Stack): void {
  const { index, address } = decodeAddress(request);
  const link = findLink(stack, { index });
  if (prefixFamily(address) === 6 && stack.ipv6 === "absent") throw new Refusal("EOPNOTSUPP");
  const off = prefixFamily(address) === 6 && link.sysctls.get("ipv6/disable_ipv6") === "1";
  if (off) throw new Refusal("EACCES");
  if (link.addresses.includes(address)) throw new Refusal("EEXIST");
  link.addresses.push(address);
}

function deleteAddress(request: Request, stack: Stack): void {
  const { index, address } = decodeAddress(request);
  const { addresses } = findLink(stack, { index });
  if (!addresses.includes(address)) throw new Refusal("EADDRNOTAVAIL");
  addresses.splice(addresses.indexOf(address), 1);
}

/** @param index 0 for all links */
function getAddresses(stack: Stack, index: number): readonly Reply[] {
  const links = [...stack.links.values()].filter((link) => index === 0 || link.index === index);
  return links.flatMap((link) =>
    [...ownLinkLocal(stack, link), ...link.addresses].map((address) =>
      reply(RTM_NEWADDR, addAddress({ index: link.index, address }).payload),
    ),
  );
}

/** Of links whose neighbours may be asked for: the others' are of no concern to anybody. */
function ownLinkLocal(stack: Stack, { up, lower, mac, sysctls, traits }: FakeLink): readonly Prefix[] {
  const off =
    stack.ipv6 === "absent" || sysctls.get("ipv6/disable_ipv6") === "1" || traits.has("addrgenmode none");
  return up && lower !== undefined && !off ? [prefixOf(linkLocal(parseMac(mac)), 64)] : [];
}

/** Every list of routes, with the index of its link. */
const tablesOf = ({ links, nowhere }: Stack) => [
  { own: undefined, routes: nowhere },
  ...[...links.values()].map(({ index, routes }) => ({ own: index, routes })),
];

function deleteRoute(request: Request, stack: Stack): void {
  const { dst, index, table, priority, type, protocol } = decodeRoute(request);
  for (const { own, routes } of tablesOf(stack)) {
    const at = routes.findIndex(
      (route) =>
        (index === undefined ? own === undefined || route.nexthopId !== undefined : own === index) &&
        route.dst === dst &&
        route.table === table &&
        (type === "unspec" || route.type === type) &&
        (protocol === 0 || route.protocol === protocol) &&
        (priority === 0 || route.priority === priority),
    );
    if (at === -1) continue;
    routes.splice(at, 1);
    return;
  }
  throw new Refusal("ESRCH");
}

function newRoute(request: Request, stack: Stack): void {
  const { gateway, ...route } = decodeRoute(request);
  const family = prefixFamily(route.dst);
  const priority = route.priority || (family === 6 ? 1024 : 0);
  const { routes, index } = listFor(stack, route, gateway);
  const isSame = (other: Route): boolean =>
    other.dst === route.dst && other.table === route.table && other.priority === priority;
  const holder = tablesOf(stack).find((one) => one.routes.some(isSame));
  if (holder !== undefined && request.flags & NLM_F_EXCL) throw new Refusal("EEXIST");
  if (holder !== undefined && !(request.flags & NLM_F_REPLACE)) return;
  holder?.routes.splice(holder.routes.findIndex(isSame), 1);
  routes.push({ ...route, index, gateway, priority });
}

/** Where a route belongs: to a link that leads to its gateway, to that of its next hop, or to none. */
function listFor(
  stack: Stack,
  route: Omit<Route, "gateway">,
  gateway: Ip | undefined,
): { readonly routes: Route[]; readonly index: number | undefined } {
  if (route.type === "unreachable") return { routes: stack.nowhere, index: undefined };
  const nexthop = route.nexthopId === undefined ? undefined : stack.nexthops.get(route.nexthopId);
  if (route.nexthopId !== undefined && nexthop === undefined) throw new Refusal("EINVAL");
  const link = findLink(stack, { index: nexthop?.index ?? route.index ?? 0 });
  if (nexthop !== undefined) return link;
  if (!link.up && gateway === undefined) throw new Refusal("ENETDOWN");
  const onLink = link.routes.flatMap((other) => (other.gateway === undefined ? other.dst : []));
  const own = [...ownLinkLocal(stack, link), ...link.addresses];
  const near = link.up ? [...own.map(networkOf), ...onLink] : [];
  if (gateway !== undefined && !near.some((network) => contains(network, gateway)))
    throw new Refusal(prefixFamily(route.dst) === 4 ? "ENETUNREACH" : "EHOSTUNREACH");
  return link;
}

/** With those to the subnets of addresses, which the kernel makes by itself. */
function getRoutes(request: Request, stack: Stack): readonly Reply[] {
  const { index, attrs } = decodeRoute(request);
  const table = getU32(attrs, rt.RTA_TABLE);
  const [family, protocol] = [readU8(request.payload, 0), readU8(request.payload, 5)];
  const { type } = decodeRoute(request);
  const passes = (route: NewRoute) =>
    (index === undefined || index === route.index) &&
    (table === undefined || table === route.table) &&
    (protocol === 0 || protocol === route.protocol) &&
    (type === "unspec" || type === (route.type ?? "unicast")) &&
    (family === 0 || family === (prefixFamily(route.dst) === 4 ? AF_INET : AF_INET6));
  const all = [...[...stack.links.values()].flatMap(routesOf), ...stack.nowhere.map(toNew)].filter(passes);
  return all.map((route) => reply(rt.RTM_NEWROUTE, addRoute(route).payload));
}

function routesOf(link: FakeLink): readonly NewRoute[] {
  const { index, up, addresses, routes } = link;
  const own = { index, table: rt.RT_TABLE_MAIN, protocol: rt.RTPROT_KERNEL, scope: "link" } as const;
  const connected = up ? addresses.map((address) => ({ ...own, dst: networkOf(address) })) : [];
  const added = routes.map((route): NewRoute => ({ ...toNew(route), index }));
  return [...connected, ...added];
}

function toNew(route: Route): NewRoute {
  const { dst, priority, table, protocol, scope, type, gateway, nexthopId, src, mtu } = route;
  return {
    ...{ dst, priority, table, protocol, scope, type },
    ...(gateway === undefined ? {} : { gateway }),
    ...(nexthopId === undefined ? {} : { nexthopId }),
    ...(src === undefined ? {} : { src }),
    ...(mtu === undefined ? {} : { mtu }),
  };
}
