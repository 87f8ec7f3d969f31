/** Taking away what a host has for the endpoints of routed switches. Absent is success. */
import type { Ip } from "../../addr/ip.ts";
import { hostPrefix, prefixAddress } from "../../addr/prefix.ts";
import { formatOwner } from "../../model/owner.ts";
import type { Plan } from "../../model/plan.ts";
import { proxyOf } from "../../model/switch.ts";
import type { Netlink } from "../../netlink/connection.ts";
import { NetlinkError } from "../../netlink/error.ts";
import type { Request } from "../../netlink/message.ts";
import { decodeLink, type Link } from "../../netlink/route/decode-link.ts";
import { decodeRoute } from "../../netlink/route/decode-route.ts";
import { dumpLinks } from "../../netlink/route/link.ts";
import { decodeNeighbour, deleteNeighbour, dumpNeighbours } from "../../netlink/route/neighbour.ts";
import { deleteRoute, dumpRoutes } from "../../netlink/route/route.ts";
import { RTPROT_VSWITCH } from "../../netlink/route/rtmsg.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import { isErrno } from "../../os/error.ts";
import { linkOf } from "../link-of.ts";
import type { Machine } from "../machine.ts";
import { type LinkMark, markedNetwork, parseEndpointAlias, parseRoutedAlias, routedAlias } from "../mark.ts";
import { type HostSetting, hostSettingsOf, sharedSetting } from "./settings.ts";

/** An endpoint's. First the answers: nobody shall send here what goes nowhere. */
export function removeWays(host: Netlink, plan: Plan): void {
  const proxy = proxyOf(plan.switch);
  if (proxy === undefined) return;
  const [lower, bridge] = [linkOf(host, proxy), linkOf(host, plan.switch.name)];
  const addresses = plan.vnic.addresses.map(prefixAddress);
  removeAll(host, [
    ...(lower === undefined ? [] : addresses.map((address) => deleteNeighbour(lower.index, address, true))),
    ...(bridge === undefined ? [] : addresses.map((address) => routeTo(bridge, address))),
  ]);
}

/** The same without a plan: by the addresses in the port's mark, and the mark of its bridge. */
export function removeMarkedWays(host: Netlink, port: Link): void {
  const bridge = port.master === undefined ? undefined : linkOf(host, port.master);
  if (bridge === undefined || parseRoutedAlias(bridge.alias) === undefined) return;
  const addresses = (parseEndpointAlias(port.alias)?.addresses ?? []).map(prefixAddress);
  removeAll(host, [
    ...ownProxies(host, addresses).map(({ index, address }) => deleteNeighbour(index, address, true)),
    ...addresses.map((address) => routeTo(bridge, address)),
  ]);
}

/** Before the bridge goes, whose mark and routes tell what is to be done. */
export function releaseRouted(machine: Machine, bridge: Link): void {
  removeStrayWays(machine.host, bridge);
  putBack(machine, bridge);
}

/** Of containers that went with their compartment while the state was lost: the bridge's routes tell of them. */
function removeStrayWays(host: Netlink, bridge: Link): void {
  const routes = host.request(dumpRoutes({ index: bridge.index, protocol: RTPROT_VSWITCH })).map(decodeRoute);
  const addresses = routes.map(({ dst }) => prefixAddress(dst));
  removeAll(
    host,
    ownProxies(host, addresses).map(({ index, address }) => deleteNeighbour(index, address, true)),
  );
}

/** What was changed for the bridge is put back, unless another one needs it: that one's mark tells of it then. */
function putBack(machine: Machine, bridge: Link): void {
  const mark = parseRoutedAlias(bridge.alias);
  if (mark === undefined) return;
  const { proxy } = mark;
  const others = machine.host
    .request(dumpLinks({ kind: "bridge" }))
    .map(decodeLink)
    .filter(({ alias, index }) => parseRoutedAlias(alias) !== undefined && index !== bridge.index);
  for (const setting of hostSettingsOf(proxy)) {
    if (!mark.changed.includes(setting.name)) continue;
    const heir = others.find(
      ({ alias }) => setting.name === sharedSetting || parseRoutedAlias(alias)?.proxy === proxy,
    );
    if (heir === undefined) restore(machine, setting);
    else inherit(machine.host, heir.name, setting.name);
  }
}

function restore({ readSysctl, writeSysctl }: Machine, { key, value, usual }: HostSetting): void {
  // Gone with the uplink, or somebody's own will by now.
  if (readSysctl(key) === value) writeSysctl(key, usual);
}

function inherit(host: Netlink, name: string, setting: string): void {
  const link = linkOf(host, name);
  const mark = parseRoutedAlias(link?.alias);
  const network = markedNetwork(link?.alias);
  if (mark === undefined || network === undefined || mark.changed.includes(setting)) return;
  const alias = routedAlias(network, { ...mark, changed: [...mark.changed, setting] });
  removeAll(host, [setLink(name, { alias })]);
}

const routeTo = ({ index }: Link, address: Ip): Request =>
  deleteRoute({ dst: hostPrefix(address), index, protocol: RTPROT_VSWITCH });

/** Answers that we made; kernels before 4.20 do not tell who did. */
function ownProxies(host: Netlink, addresses: readonly Ip[]): readonly ReturnType<typeof decodeNeighbour>[] {
  if (addresses.length === 0) return [];
  const found = host.request(dumpNeighbours({ proxy: true })).map(decodeNeighbour);
  return found.filter(
    ({ proxy, protocol = RTPROT_VSWITCH, address }) =>
      proxy && protocol === RTPROT_VSWITCH && addresses.includes(address),
  );
}

/** All are tried. @throws {NetlinkError} the first refusal of something that is there */
function removeAll(host: Netlink, requests: readonly Request[]): void {
  if (requests.length === 0) return;
  const failure = host
    .requests(requests)
    .find((outcome) => outcome instanceof NetlinkError && !isErrno(outcome, "ENOENT", "ESRCH", "ENODEV"));
  if (failure !== undefined) throw failure;
}

/**
 * What is left of somebody who had one of the addresses on this switch goes, so that another may have it.
 *
 * @returns who has one, where somebody has
 */
export function freeWays(host: Netlink, plan: Plan): string | undefined {
  const bridge = linkOf(host, plan.switch.name);
  const wanted = plan.vnic.addresses.map((address) => hostPrefix(prefixAddress(address)));
  const routes = host.request(dumpRoutes({ protocol: RTPROT_VSWITCH })).map(decodeRoute);
  const held = routes.filter(({ dst }) => wanted.includes(dst));
  if (held.length === 0) return undefined;
  const has = ({ addresses, key }: LinkMark): boolean =>
    key !== plan.key && addresses.some((address) => wanted.includes(hostPrefix(prefixAddress(address))));
  const ports = ["veth", "tun"].flatMap((kind) => host.request(dumpLinks({ kind })).map(decodeLink));
  const holder = ports.flatMap(({ alias }) => parseEndpointAlias(alias) ?? []).find(has);
  if (holder !== undefined) return holder.owner === undefined ? holder.key : formatOwner(holder.owner);
  const elsewhere = held.find(({ index }) => index !== bridge?.index);
  if (elsewhere !== undefined) return `interface ${linkOf(host, elsewhere.index ?? 0)?.name}`;
  removeWays(host, plan);
  return undefined;
}
