/** Reading the kernel: facts for plans, for comparing and for CHECK. Changes nothing. */
import type { Family } from "../addr/ip.ts";
import type { Prefix } from "../addr/prefix.ts";
import { networkOf, prefixFamily, prefixLength } from "../addr/prefix.ts";
import type { DefaultRoute, EndpointFacts, HostFacts, InterfaceFacts, UplinkFacts } from "../model/facts.ts";
import type { Plan } from "../model/plan.ts";
import type { LayoutState } from "../model/probe.ts";
import { type PortedSwitch, proxyOf } from "../model/switch.ts";
import { linkName } from "../model/vm-nic.ts";
import type { Route as PlannedRoute } from "../model/vnic.ts";
import type { Netlink } from "../netlink/connection.ts";
import type { NetlinkError } from "../netlink/error.ts";
import type { Reply } from "../netlink/message.ts";
import { decodeBridgePort } from "../netlink/route/bridge-port.ts";
import type { Link } from "../netlink/route/decode-link.ts";
import { decodeRoute, type Route } from "../netlink/route/decode-route.ts";
import { dumpRoutes } from "../netlink/route/route.ts";
import { RT_TABLE_MAIN, RTPROT_KERNEL, RTPROT_RA } from "../netlink/route/rtmsg.ts";
import { addressesOf } from "./addresses-of.ts";
import { type BridgeState, observeBridge } from "./bridge/state.ts";
import { endpointElements, switchElements } from "./compile/elements.ts";
import type { LayoutElement } from "./layout/element.ts";
import { encodeGet, findElement, formatElement } from "./layout/element-requests.ts";
import { getLayout, layoutState } from "./layout/layout-state.ts";
import { formatPortAcl } from "./layout/port-acl-requests.ts";
import { linkOf } from "./link-of.ts";
import type { Readers } from "./machine.ts";
import { observeLimits } from "./observe-qos.ts";
import type { TunnelState } from "./overlay/observe.ts";
import { compareAcls } from "./port-acls.ts";
import { lostWays, observeRouted, type RoutedState } from "./routed/observe.ts";
import { formatWay } from "./routed/ways.ts";

/** Shortest prefix of a route that is taken for a network, not for a direction. */
const widest = { 4: 8, 6: 16 } as const;

/** What is there of a switch, beside what is wanted. */
export interface SwitchState {
  readonly link: Link | undefined;
  readonly addresses: readonly Prefix[];
  readonly layout: LayoutState;
  /** Elements of the switch that the tables lack. */
  readonly missing: readonly LayoutElement[];
  readonly forwarding: Readonly<Record<Family, boolean>>;
  /** Interfaces whose IPv6 default route comes from a router advertisement. */
  readonly advertised: readonly string[];
  /** Of a routed switch. */
  readonly routed?: RoutedState | undefined;
  /** Of a bridge that has the uplink as a port. */
  readonly bridge?: BridgeState;
  /** Of an overlay network. */
  readonly tunnel?: TunnelState;
}

const overlays = () => require("./overlay/observe.ts") as typeof import("./overlay/observe.ts");
const tunnels = () => require("./overlay/tunnel-lacks.ts") as typeof import("./overlay/tunnel-lacks.ts");

export function observeSwitch({ host, rules, readSysctl }: Readers, wanted: PortedSwitch): SwitchState {
  const link = linkOf(host, wanted.name);
  const elements = switchElements(wanted);
  const layout = getLayout();
  const outcomes = rules.requests([...layout, ...elements.map(encodeGet)]);
  const found = outcomes.slice(layout.length);
  const forwarding = {
    4: readSysctl(["ipv4", "ip_forward"]) === "1",
    6: readSysctl(["ipv6", "conf", "all", "forwarding"]) === "1",
  };
  return {
    link,
    addresses: link === undefined ? [] : addressesOf(host, link.index),
    layout: layoutState(outcomes.slice(0, layout.length)),
    missing: elements.filter((element, i) => !holds(element, found[i])),
    forwarding,
    advertised: wanted.forwarding.includes(6) && !forwarding[6] ? advertised({ host, readSysctl }) : [],
    routed: observeRouted({ host, readSysctl }, wanted),
    ...(wanted.kind === "bridge" ? { bridge: observeBridge({ host, readSysctl }, wanted, link) } : {}),
    ...(wanted.kind === "overlay" ? { tunnel: overlays().observeTunnel(host, wanted) } : {}),
  };
}

/** Whether the answer to `encodeGet` is this very element, with its data. */
function holds(element: LayoutElement, outcome: readonly Reply[] | NetlinkError | undefined): boolean {
  const found = findElement(element, outcome);
  return found !== undefined && String(found.data ?? "") === String(element.data ?? "");
}

function advertised({ host, readSysctl }: Pick<Readers, "host" | "readSysctl">): readonly string[] {
  const routes = host.request(dumpRoutes({ family: 6, protocol: RTPROT_RA })).map(decodeRoute);
  const indexes = new Set(
    routes.flatMap((route) => (prefixLength(route.dst) === 0 ? (route.index ?? []) : [])),
  );
  // 0: somebody in user space handles the advertisements and put the route there. 2: it is so already.
  return [...indexes]
    .flatMap((index) => linkOf(host, index)?.name ?? [])
    .filter((name) => readSysctl(["ipv6", "conf", name, "accept_ra"]) === "1");
}

/** @param uplink taken where it exists; else the interface of the default route, IPv4 before IPv6 */
export function observeHost(host: Netlink, uplink?: string): HostFacts {
  const routes = host.request(dumpRoutes()).map(decodeRoute);
  const defaults = routes.filter(
    ({ dst, type, index, table }) =>
      prefixLength(dst) === 0 && type === "unicast" && index !== undefined && table === RT_TABLE_MAIN,
  );
  const preferred = defaults.toSorted(
    (a, b) => prefixFamily(a.dst) - prefixFamily(b.dst) || a.priority - b.priority,
  )[0];
  const link =
    (uplink === undefined ? undefined : linkOf(host, uplink)) ??
    (preferred?.index === undefined ? undefined : linkOf(host, preferred.index));
  // 0.0.0.0/1 and the like are a VPN's way to say "default"; nobody is there.
  const prefixes = routes
    .filter(({ dst }) => prefixLength(dst) >= widest[prefixFamily(dst)])
    .map(({ dst }) => networkOf(dst));
  return {
    ...(link === undefined ? {} : { uplink: uplinkFacts(host, link) }),
    prefixes: [...new Set(prefixes)],
    connected: connected(host, routes),
  };
}

export function uplinkFacts(host: Netlink, { name, mtu, mac, index, kind }: Link): UplinkFacts {
  const addresses = addressesOf(host, index).filter((address) => !address.startsWith("fe80:"));
  return {
    name,
    mtu,
    addresses,
    ...(mac === undefined ? {} : { mac }),
    ...(kind === undefined ? {} : { kind }),
  };
}

/** Subnets in which the host itself has an address; link-local ones hang on every link. */
function connected(host: Netlink, routes: readonly Route[]): HostFacts["connected"] {
  const near = routes.filter(
    ({ dst, type, protocol, index }) =>
      type === "unicast" && protocol === RTPROT_KERNEL && index !== undefined && !dst.startsWith("fe80:"),
  );
  const names = new Map<number, string>();
  const nameOf = (index: number): string => {
    const name = names.get(index) ?? linkOf(host, index)?.name ?? "";
    names.set(index, name);
    return name;
  };
  return near.map(({ dst, index = 0 }) => ({ prefix: networkOf(dst), interface: nameOf(index) }));
}

/** Default routes of the main table. */
export function defaultRoutes(netlink: Netlink): readonly DefaultRoute[] {
  const routes = netlink.request(dumpRoutes({ table: RT_TABLE_MAIN })).map(decodeRoute);
  return routes
    .filter((route) => prefixLength(route.dst) === 0 && route.type === "unicast")
    .map((route) => ({ family: prefixFamily(route.dst), priority: route.priority }));
}

/** @param inside rtnetlink of the compartment; absent when it cannot be entered */
export function observeEndpoint(
  readers: Readers,
  plan: Plan<PortedSwitch>,
  inside: Netlink | undefined,
): EndpointFacts {
  const { host, rules } = readers;
  const bridge = observeSwitch(readers, plan.switch);
  const port = linkOf(host, plan.port.name);
  const master = port?.master === undefined ? undefined : linkOf(host, port.master)?.name;
  const limits = observeLimits(host, plan, port);
  const elements = endpointElements(plan);
  const found = rules.requests(elements.map(encodeGet));
  const lacking = elements.filter((element, i) => !holds(element, found[i]));
  const absent = [
    ...[...bridge.missing, ...lacking].map(formatElement),
    ...compareAcls(rules, plan).missing.map(formatPortAcl),
  ];
  if (bridge.layout === "damaged")
    absent.push("rules of the nftables tables inet vswitch and bridge vswitch");
  for (const family of plan.switch.forwarding)
    if (!bridge.forwarding[family]) absent.push(`IPv${family} forwarding of the host`);
  absent.push(...routedLacks(plan.switch, bridge), ...lostWays(host, plan).map(formatWay));
  if (plan.switch.kind === "overlay" && bridge.tunnel !== undefined)
    absent.push(...tunnels().lackingOfTunnel(plan.switch, bridge.tunnel));
  if (plan.switch.kind === "bridge" && bridge.bridge?.settled === false)
    absent.push(
      `uplink ${plan.switch.lower} as a port of ${plan.switch.name}, and the host's addresses there`,
    );
  return {
    ...(bridge.link === undefined ? {} : { switch: interfaceFacts(bridge.link, bridge.addresses) }),
    ...(port === undefined ? {} : { port: portFacts(port, master) }),
    ...(limits === undefined ? {} : { limits }),
    ...(inside === undefined ? {} : { compartment: observeVnic(inside, linkName(plan)) }),
    missing: absent,
  };
}

/** What a routed switch needs beside its bridge. */
function routedLacks(vswitch: PortedSwitch, { routed, link }: SwitchState): readonly string[] {
  if (routed === undefined) return [];
  const { proxy, bridge, host } = routed;
  const uplink = `uplink ${proxyOf(vswitch)}`;
  const settings = [...(link === undefined ? [] : bridge), ...(proxy === undefined ? [] : host)];
  return [
    ...(proxy === undefined ? [uplink] : proxy.up ? [] : [`${uplink}, up`]),
    ...settings.map(({ key, value }) => `setting net.${key.join(".")}=${value}`),
  ];
}

function portFacts(port: Link, master: string | undefined): NonNullable<EndpointFacts["port"]> {
  const isolated = decodeBridgePort(port)?.isolated ?? false;
  return { up: port.up, mtu: port.mtu, isolated, ...(master === undefined ? {} : { switch: master }) };
}

export function observeVnic(netlink: Netlink, name: string): NonNullable<EndpointFacts["compartment"]> {
  const link = linkOf(netlink, name);
  if (link === undefined) return {};
  const routes = netlink.request(dumpRoutes({ index: link.index })).map(decodeRoute);
  return {
    vnic: { ...interfaceFacts(link, addressesOf(netlink, link.index)), routes: routes.map(toPlanned) },
  };
}

export function interfaceFacts(link: Link, addresses: readonly Prefix[]): InterfaceFacts {
  return { up: link.up, mtu: link.mtu, addresses, ...(link.mac === undefined ? {} : { mac: link.mac }) };
}

function toPlanned({ dst, gateway, priority, table }: Route): PlannedRoute {
  return { destination: dst, priority, table, ...(gateway === undefined ? {} : { gateway }) };
}
