/** IPv6 addresses that the kernel makes itself from router advertisements (RFC 4862), and waiting for them. */
import type { Ip } from "../../addr/ip.ts";
import { type Prefix, prefixAddress, prefixLength } from "../../addr/prefix.ts";
import { CniError, errorCode } from "../../cni/error.ts";
import type { Netlink } from "../../netlink/connection.ts";
import { type Address, decodeAddress, dumpAddresses } from "../../netlink/route/address.ts";
import { decodeRoute, type Route } from "../../netlink/route/decode-route.ts";
import { dumpRoutes } from "../../netlink/route/route.ts";
import { RT_TABLE_MAIN } from "../../netlink/route/rtmsg.ts";
import { poll } from "../../os/poll.ts";
import { inCompartment } from "../netns.ts";
import { readSysctl, writeSysctl } from "../sysctl.ts";

export interface Slaac {
  /** Global ones, past their duplicate address detection. */
  readonly addresses: readonly Prefix[];
  /** The router of the default route. */
  readonly gateway: Ip;
}

/** A vNIC in an open compartment (`openCompartment`). */
export interface SlaacPlace {
  readonly fd: number;
  readonly path: string;
  readonly netlink: Netlink;
}

/** By default the detection takes 1 to 2 s, and a router answers within half a second. */
const defaultTimeoutMs = 10_000;
const lookEveryMs = 20;

/**
 * Has the kernel listen to router advertisements. Before the link goes up it costs nothing; of one that is up IPv6
 * begins anew, since only then the kernel asks for routers.
 *
 * @throws {CniError} 5 `sysctl` where IPv6 is missing or /proc/sys is read-only
 */
export function enableSlaac(place: SlaacPlace, ifname: string): void {
  inCompartment(place, () => {
    const key = (name: string): readonly string[] => ["ipv6", "conf", ifname, name];
    // A router listens only when it is told so twice.
    const isRouter = readSysctl(key("forwarding")) === "1";
    const wanted = { accept_ra: isRouter ? "2" : "1", autoconf: "1" };
    const changed = Object.entries(wanted).filter(([name, value]) => writeSysctl(key(name), value) !== value);
    const wasOff = writeSysctl(key("disable_ipv6"), "0") === "1";
    if (changed.length === 0 || wasOff) return;
    writeSysctl(key("disable_ipv6"), "1");
    writeSysctl(key("disable_ipv6"), "0");
  });
}

/**
 * Waits for a global address that may be used, and for a default route.
 *
 * @throws {CniError} 11 `slaac-timeout`, saying what is missing; 103 `address-taken` when somebody else has the address
 */
export function awaitSlaac(
  { netlink }: SlaacPlace,
  { index, name }: { readonly index: number; readonly name: string },
  timeoutMs: number = defaultTimeoutMs,
): Slaac {
  return settled(name, timeoutMs, () => {
    const addresses = addressesOf(netlink, index).filter(
      ({ scope, permanent }) => scope === "global" && !permanent,
    );
    const usable = addresses.filter(({ tentative, dadFailed }) => !tentative && !dadFailed);
    const failed = addresses.find(({ dadFailed }) => dadFailed);
    if (failed !== undefined && usable.length === 0) throw taken(name, failed);
    const gateway = defaultRouter(netlink, index);
    if (usable.length > 0 && gateway !== undefined) {
      return { found: { addresses: usable.map(({ address }) => address), gateway } };
    }
    const ofAddress = addresses.length > 0 ? "its address is still being tested" : "no address";
    const missing = [
      ...(usable.length > 0 ? [] : [ofAddress]),
      ...(gateway === undefined ? ["no default route"] : []),
    ];
    return { missing: missing.join(" and ") };
  });
}

/** The link-local address, once it may be used. @throws {CniError} 11 `slaac-timeout` */
export function awaitLinkLocal(
  { netlink }: SlaacPlace,
  { index, name }: { readonly index: number; readonly name: string },
  timeoutMs: number = defaultTimeoutMs,
): Ip {
  return settled(name, timeoutMs, () => {
    const found = addressesOf(netlink, index).find(({ scope, tentative }) => scope === "link" && !tentative);
    return found === undefined
      ? { missing: "no link-local address" }
      : { found: prefixAddress(found.address) };
  });
}

/** What was waited for, or what of it is not there yet. */
type Look<T> = { readonly found: T } | { readonly missing: string };

function settled<T>(name: string, timeoutMs: number, look: () => Look<T>): T {
  const untilMs = performance.now() + timeoutMs;
  for (;;) {
    const seen = look();
    if ("found" in seen) return seen.found;
    if (performance.now() >= untilMs) throw timeout(name, seen.missing, timeoutMs);
    poll([], lookEveryMs);
  }
}

const addressesOf = (netlink: Netlink, index: number): readonly Address[] =>
  netlink
    .request(dumpAddresses({ family: 6, index }))
    .map(decodeAddress)
    .filter((address) => address.index === index);

function defaultRouter(netlink: Netlink, index: number): Ip | undefined {
  const isDefault = ({ dst, index: of }: Route): boolean => prefixLength(dst) === 0 && of === index;
  return netlink
    .request(dumpRoutes({ family: 6, index, table: RT_TABLE_MAIN }))
    .map(decodeRoute)
    .find(isDefault)?.gateway;
}

function taken(name: string, { address }: Address): CniError {
  return new CniError(
    errorCode.addressTaken,
    `get an IPv6 address for ${name}: somebody on the network has ${address} already`,
    {
      reason: "address-taken",
      details: "it is made of the MAC: is there another interface with the same one?",
    },
  );
}

function timeout(name: string, missing: string, timeoutMs: number): CniError {
  return new CniError(
    errorCode.tryAgainLater,
    `get an IPv6 address for ${name} from router advertisements: ${missing} after ${timeoutMs / 1000} s`,
    {
      reason: "slaac-timeout",
      details: "is there a router on the uplink's network that advertises a prefix for autoconfiguration?",
    },
  );
}
