/** An IPv4 address that a server on the wire lends (RFC 2131). */
import { type Ip, ipFamily } from "../../../lib/addr/ip.ts";
import { prefixAddress } from "../../../lib/addr/prefix.ts";
import type { ResultRoute } from "../../../lib/cni/result.ts";
import { clientId } from "../../../lib/dhcp/client-id.ts";
import type { Lease4, LeaseRoute } from "../../../lib/dhcp/lease.ts";
import { type LeaseRequest, obtainLease, releaseLease } from "../../../lib/dhcp/obtain-lease.ts";
import type { IpamResult } from "../../../lib/verbs/ipam-result.ts";
import { anotherLent, noLink } from "./errors.ts";
import { asksWire, type DhcpWish, deviceOf, hostnameOf, linkOf, probeMs } from "./wish.ts";

/** rtnetlink: on the link itself. */
const scopeLink = 253;

/** The row is written before it is told. @throws {CniError} 11 no lease in time, 103 the server lends another address */
export function lease4(wish: DhcpWish): Lease4 {
  const { owner, store, access, addresses } = wish;
  const link = access.openLink(owner.netns, owner.ifname, 4);
  if (link === undefined) throw noLink(owner);
  const { mac, socket } = link;
  const client: LeaseRequest = {
    ...clientOf(wish),
    mac,
    ...(asksWire(wish) ? { isTaken: (one: Ip) => link.isTaken(one, probeMs) } : {}),
  };
  const lease = obtainLease(socket, client);
  const address = prefixAddress(lease.address);
  try {
    const asked = addresses.find((one) => ipFamily(one) === 4);
    if (asked !== undefined && asked !== address) throw anotherLent(asked, address, lease.server);
    const { hostname } = client;
    store.dhcp.put({
      ...owner,
      family: 4,
      bootId: store.bootId,
      lease,
      mac,
      clientId: client.clientId,
      device: deviceOf(wish),
      ...(hostname === undefined ? {} : { hostname }),
    });
  } catch (error) {
    releaseLease(socket, lease, client);
    throw error;
  }
  return lease;
}

function clientOf(wish: DhcpWish): Omit<LeaseRequest, "mac"> {
  const { owner, config, context, store, addresses } = wish;
  const held = store.dhcp.held(owner.key).find((row) => row.family === 4);
  const requested = addresses.find((one) => ipFamily(one) === 4);
  const hostname = hostnameOf(wish);
  return {
    clientId: clientId(owner.key),
    link: linkOf(wish),
    timeoutMs: config.timeoutMs,
    now: context.now,
    random: Math.random,
    ...(hostname === undefined ? {} : { hostname }),
    ...(held?.family === 4 ? { known: prefixAddress(held.lease.address) } : {}),
    ...(requested === undefined ? {} : { requested }),
  };
}

export function result4({ address, gateway, routes, dns }: Lease4): IpamResult {
  const ip = { address, ...(gateway === undefined ? {} : { gateway }) };
  return { interfaces: [], ips: [ip], routes: routes.map(routeOf), dns, probed: true };
}

function routeOf({ destination: dst, gateway }: LeaseRoute): ResultRoute {
  return gateway === undefined ? { dst, scope: scopeLink } : { dst, gw: gateway };
}
