/** What an acknowledgement lends. */
import { type Ip, ipBytes } from "../../addr/ip.ts";
import type { Mac } from "../../addr/mac.ts";
import { contains, defaultPrefix, hostPrefix, prefixOf } from "../../addr/prefix.ts";
import { makeDns } from "../../cni/dns.ts";
import { forever, type Lease4, type LeaseRoute } from "../lease.ts";
import type { Message4 } from "./message.ts";

/** RFC 2131 3.3. */
const INFINITE = 0xffff_ffff;

export interface Asked {
  /** When the address was asked for: the lease counts from there (RFC 2131 4.4.1). */
  readonly askedMs: number;
  /** Who the answer came from. */
  readonly from: Mac;
  readonly random: () => number;
}

/** RFC 2132 5.1: less is no MTU. */
const leastMtu = 68;

/** @returns undefined for one without an address that a host may have, a server or a time */
export function leaseOf({ yiaddr, options }: Message4, { askedMs, from, random }: Asked): Lease4 | undefined {
  const { server, leaseSeconds = 0, subnetMask, mtu } = options;
  if (server === undefined || leaseSeconds === 0 || !isHostAddress(yiaddr)) return undefined;
  const address = prefixOf(yiaddr, subnetMask ?? classLength(yiaddr));
  const given = routesOf(options.routes, options.routers);
  const gateway = given.find(({ destination }) => destination === defaultPrefix(4))?.gateway;
  const { dns = [], domain, search = [] } = options;
  return {
    address,
    ...(gateway && { gateway }),
    routes: given.flatMap((route) => withWay(route, address)),
    dns: makeDns({ nameservers: dns, domain, search, options: [] }),
    ...(mtu !== undefined && mtu >= leastMtu && { mtu }),
    server,
    serverMac: from,
    obtainedMs: askedMs,
    ...times(options, leaseSeconds, askedMs, random),
  };
}

/** Neither of no network, loopback, multicast nor anything beyond. */
export function isHostAddress(address: Ip): boolean {
  const first = ipBytes(address)[0] ?? 0;
  return first > 0 && first !== 127 && first < 224;
}

/** What was meant before there were masks (RFC 950), for a server that names none. */
function classLength(address: Ip): number {
  const first = ipBytes(address)[0] ?? 0;
  return first < 128 ? 8 : first < 192 ? 16 : 24;
}

function routesOf(
  classless: readonly LeaseRoute[] | undefined,
  routers: readonly Ip[] | undefined,
): readonly LeaseRoute[] {
  const [gateway] = routers ?? [];
  return classless ?? (gateway === undefined ? [] : [{ destination: defaultPrefix(4), gateway }]);
}

/** A gateway outside the subnet is on the link all the same, and the kernel must be told so first. */
function withWay(route: LeaseRoute, address: Lease4["address"]): readonly LeaseRoute[] {
  const { gateway } = route;
  if (gateway === undefined || contains(address, gateway)) return [route];
  return [{ destination: hostPrefix(gateway) }, route];
}

/** RFC 2131 4.4.5. What the server says counts where it is in order. */
function times(
  { renewSeconds, rebindSeconds }: Message4["options"],
  leaseSeconds: number,
  askedMs: number,
  random: () => number,
): Pick<Lease4, "renewMs" | "rebindMs" | "expiresMs"> {
  if (leaseSeconds === INFINITE) return { renewMs: forever, rebindMs: forever, expiresMs: forever };
  const told = (seconds: number | undefined, after: number): seconds is number =>
    seconds !== undefined && seconds > after && seconds < leaseSeconds;
  // Many that began together need not come back together.
  const t1 = told(renewSeconds, 0) ? renewSeconds : leaseSeconds * (0.5 - 0.05 * random());
  const t2 = told(rebindSeconds, t1) ? rebindSeconds : Math.max(t1, leaseSeconds * 0.875);
  const at = (seconds: number): number => askedMs + Math.round(seconds * 1000);
  return { renewMs: at(t1), rebindMs: at(t2), expiresMs: at(leaseSeconds) };
}
