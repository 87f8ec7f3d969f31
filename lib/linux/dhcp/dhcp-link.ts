/** A vNIC as a DHCP client works on it: its socket, and what a lease makes of it. */
import type { Family, Ip } from "../../addr/ip.ts";
import { type Prefix, prefixAddress } from "../../addr/prefix.ts";
import { CniError, errorCode } from "../../cni/error.ts";
import type { LeaseRoute } from "../../dhcp/lease.ts";
import type { DhcpSocket } from "../../dhcp/socket.ts";
import { connect, type Netlink } from "../../netlink/connection.ts";
import type { Request } from "../../netlink/message.ts";
import { decodeAddress, deleteAddress, dumpAddresses, replaceAddress } from "../../netlink/route/address.ts";
import type { Link } from "../../netlink/route/decode-link.ts";
import { decodeRoute } from "../../netlink/route/decode-route.ts";
import { deleteRoute, dumpRoutes, type NewRoute, replaceRoute } from "../../netlink/route/route.ts";
import { RT_TABLE_MAIN, RTPROT_VSWITCH } from "../../netlink/route/rtmsg.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import type { ErrnoName } from "../../os/errno.ts";
import { isErrno } from "../../os/error.ts";
import type { DhcpLink, LeaseSettings } from "../../seam/dhcp-backend.ts";
import { linkOf } from "../link-of.ts";
import { type CompartmentHandle, openCompartment } from "../netns.ts";
import { probeAddresses } from "../probe-addresses.ts";
import { openNetlink } from "../socket.ts";
import { openDhcpSocket } from "./open-dhcp-socket.ts";
import { awaitLinkLocal, awaitSlaac, enableSlaac } from "./slaac.ts";

/** @returns undefined when the compartment or the vNIC is gone. @throws {CniError} 110 */
export function openDhcpLink(netns: string, ifname: string, family: Family): DhcpLink | undefined {
  const compartment = tryCompartment(netns);
  if (compartment === undefined) return undefined;
  try {
    const link = linkOf(compartment.netlink, ifname);
    if (link?.mac === undefined) {
      compartment.close();
      return undefined;
    }
    // The reference macvlan leaves that to what gives it addresses.
    if (!link.up) compartment.netlink.request(setLink(link.index, { up: true }));
    const linkLocal = linkLocalOf(compartment.netlink, link.index);
    const socket = openDhcpSocket(compartment, link.index, family);
    return {
      socket,
      mac: link.mac,
      linkLocal,
      awaitLinkLocal: (timeoutMs) =>
        awaitLinkLocal(compartment, { index: link.index, name: ifname }, timeoutMs),
      isTaken: (address, waitMs) =>
        // The server has other addresses, and the time for one is short.
        answers(() => probeAddresses(compartment.netlink, link.index, [address], waitMs, 0)),
      apply: (before, after) => apply(compartment.netlink, link, before, after),
      close: () => {
        socket.close();
        compartment.close();
      },
    };
  } catch (error) {
    compartment.close();
    throw error;
  }
}

/** @returns undefined when the compartment or the vNIC is gone. @throws {CniError} 11, 103, 110 */
export function autoconfigure(
  netns: string,
  ifname: string,
  timeoutMs: number,
): readonly Prefix[] | undefined {
  return onLink(netns, ifname, (compartment, index) => {
    enableSlaac(compartment, ifname);
    return awaitSlaac(compartment, { index, name: ifname }, timeoutMs).addresses;
  });
}

/** What is gone is passed over. @throws {CniError} 110 */
export function hearRouters(netns: string, ifname: string): void {
  onLink(netns, ifname, (compartment) => enableSlaac(compartment, ifname));
}

function onLink<T>(
  netns: string,
  ifname: string,
  fn: (compartment: CompartmentHandle, index: number) => T,
): T | undefined {
  const compartment = tryCompartment(netns);
  if (compartment === undefined) return undefined;
  try {
    const link = linkOf(compartment.netlink, ifname);
    return link && fn(compartment, link.index);
  } finally {
    compartment.close();
  }
}

/** @returns undefined when the host has no such link. @throws {SystemCallError} EPERM without CAP_NET_RAW */
export function openHostDhcp(device: string, family: Family): DhcpSocket | undefined {
  const host = connect(openNetlink("route"));
  try {
    const link = linkOf(host, device);
    return link && openDhcpSocket("host", link.index, family);
  } finally {
    host.close();
  }
}

function answers(probe: () => void): boolean {
  try {
    probe();
    return false;
  } catch (error) {
    if (error instanceof CniError && error.code === errorCode.addressTaken) return true;
    throw error;
  }
}

function tryCompartment(netns: string) {
  try {
    return openCompartment(netns);
  } catch (error) {
    if (error instanceof CniError && error.reason !== "compartment-permission") return undefined;
    throw error;
  }
}

function linkLocalOf(netlink: Netlink, index: number): Ip | undefined {
  const found = netlink
    .request(dumpAddresses({ family: 6, index }))
    .map(decodeAddress)
    .find(({ scope, tentative, index: of }) => scope === "link" && !tentative && of === index);
  return found && prefixAddress(found.address);
}

/**
 * What is new comes before the old goes, so that flows to neighbours of both subnets go on. Routes keep the metric
 * that ADD gave them.
 */
function apply(
  netlink: Netlink,
  { index }: Link,
  before: LeaseSettings | undefined,
  after: LeaseSettings | undefined,
): void {
  const ours = netlink
    .request(dumpRoutes({ index, table: RT_TABLE_MAIN, protocol: RTPROT_VSWITCH }))
    .map(decodeRoute);
  const priority = ours.find(({ dst }) =>
    before?.routes.some(({ destination }) => destination === dst),
  )?.priority;
  const as = ({ destination, gateway }: LeaseRoute): NewRoute => ({
    dst: destination,
    index,
    ...(gateway && { gateway }),
    ...(priority && { priority }),
  });
  const stale = <T>(old: readonly T[] = [], kept: readonly T[] = []): readonly T[] =>
    old.filter((one) => !kept.some((other) => JSON.stringify(other) === JSON.stringify(one)));
  const run = (requests: readonly Request[], ...accept: readonly ErrnoName[]): void => {
    for (const request of requests) tolerant(() => netlink.request(request), ...accept);
  };
  // EINVAL: more than what it hangs on carries. It keeps its own then, and gets its address all the same.
  if (after?.mtu !== undefined && after.mtu !== before?.mtu)
    run([setLink(index, { mtu: after.mtu })], "EINVAL");
  if (after !== undefined) run([replaceAddress({ index, address: after.address })]);
  // Before the new ones: a route of the same destination and metric takes the place of the old one.
  run(stale(before?.routes, after?.routes).map(as).map(deleteRoute), "ESRCH");
  run((after?.routes ?? []).map(as).map(replaceRoute));
  if (before !== undefined && before.address !== after?.address)
    run([deleteAddress(index, before.address)], "EADDRNOTAVAIL");
}

function tolerant(fn: () => unknown, ...accept: readonly ErrnoName[]): void {
  try {
    fn();
  } catch (error) {
    if (!isErrno(error, ...accept)) throw error;
  }
}
