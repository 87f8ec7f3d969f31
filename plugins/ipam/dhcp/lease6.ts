/** Addresses of IPv6 from the wire: by router advertisements (RFC 4862), or lent by a server (RFC 8415). */
import { ipFamily } from "../../../lib/addr/ip.ts";
import { hostPrefix, type Prefix } from "../../../lib/addr/prefix.ts";
import { duid } from "../../../lib/dhcp/client-id.ts";
import { type Lease6Request, obtainLease6, releaseLease6 } from "../../../lib/dhcp/obtain-lease6.ts";
import type { Lease6 } from "../../../lib/dhcp/v6/lease.ts";
import { anotherLent, noLink } from "./errors.ts";
import { asksWire, type DhcpWish, deviceOf, linkOf, probeMs } from "./wish.ts";

/** Addresses that the kernel made and keeps up. @throws {CniError} 11 when no router says which in time */
export function autoconf({ owner, access, config }: DhcpWish): readonly Prefix[] {
  const found = access.autoconfigure(owner.netns, owner.ifname, config.timeoutMs);
  if (found === undefined) throw noLink(owner);
  return found;
}

/**
 * A server lends an address alone: the subnet and the router come by router advertisements.
 *
 * @throws {CniError} 11 no lease in time, 103 the server lends another address
 */
export function lease6(wish: DhcpWish): Lease6 {
  const { owner, access, config, context, store, addresses } = wish;
  access.hearRouters(owner.netns, owner.ifname);
  const link = access.openLink(owner.netns, owner.ifname, 6);
  if (link === undefined) throw noLink(owner);
  const { mac, socket } = link;
  const requested = addresses.find((one) => ipFamily(one) === 6);
  const client: Lease6Request = {
    mac,
    linkLocal: link.awaitLinkLocal(config.timeoutMs),
    duid: duid(owner.key),
    key: owner.key,
    link: linkOf(wish),
    timeoutMs: config.timeoutMs,
    now: context.now,
    random: Math.random,
    ...(requested === undefined ? {} : { requested }),
    ...(asksWire(wish) ? { isTaken: (one) => link.isTaken(one, probeMs) } : {}),
  };
  const lease = obtainLease6(socket, client);
  try {
    if (requested !== undefined && requested !== lease.address)
      throw anotherLent(requested, lease.address, "of IPv6");
    store.dhcp.put({
      ...owner,
      family: 6,
      bootId: store.bootId,
      lease,
      mac,
      clientId: client.duid,
      device: deviceOf(wish),
    });
  } catch (error) {
    releaseLease6(socket, lease, client);
    throw error;
  }
  return lease;
}

export const prefix6 = ({ address }: Lease6): Prefix => hostPrefix(address);
