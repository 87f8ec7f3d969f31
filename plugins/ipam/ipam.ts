/**
 * The verbs of the ipam. Each takes an open store and joins its transaction, so that a caller writes its endpoint
 * and the lease together or not at all.
 */
import type { Ip } from "../../lib/addr/ip.ts";
import { prefixAddress, prefixLength, prefixOf } from "../../lib/addr/prefix.ts";
import { parseRuntimeConfig } from "../../lib/cni/capability.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type {
  AddRequest,
  CheckRequest,
  DelRequest,
  GcRequest,
  StatusRequest,
} from "../../lib/cni/request.ts";
import type { ResultIp } from "../../lib/cni/result.ts";
import { formatOwner, type Owner, ownerKey } from "../../lib/model/owner.ts";
import type { DhcpRow, LeaseOwner } from "../../lib/state/rows.ts";
import type { Store } from "../../lib/state/store.ts";
import type { IpamResult } from "../../lib/verbs/ipam-result.ts";
import { allocate, inSet, reclaim } from "./allocate.ts";
import { type IpamConfig, parseIpamConfig, type RangeSet } from "./config.ts";
import { type IpamContext, isGone } from "./context.ts";
import { dhcpAdd } from "./dhcp/dhcp.ts";
import { dhcpDel, leasedAddress } from "./dhcp/give-back.ts";
import { isWithin } from "./range.ts";
import { matchSets, requestedAddresses } from "./requested.ts";
import { readResolvConf } from "./resolv-conf.ts";

/**
 * One address of each set of ranges. The same attachment again (after a crash, or by mistake) gets the same again.
 *
 * @throws {CniError} 2, 4, 7 for what was asked; 102 pool exhausted, 103 address taken, 108 holds another address
 */
export function ipamAdd(request: AddRequest, store: Store, context: IpamContext): IpamResult {
  const runtime = parseRuntimeConfig(request.config.runtimeConfig, request.config.name);
  const config = parseIpamConfig(request.config, runtime.ipRanges);
  if (config.dhcp !== undefined) {
    const owner = leaseOwner(request, request.netns);
    const addresses = requestedAddresses(request, runtime.ips);
    return dhcpAdd(request, config.dhcp, { owner, addresses }, store, context);
  }
  if (config.sets.length === 0) throw noRanges();
  const wanted = matchSets(requestedAddresses(request, runtime.ips), config.sets);
  const dns = config.resolvConf === undefined ? {} : readResolvConf(config.resolvConf);
  const owner = leaseOwner(request, request.netns);
  const ips = store.transaction(() => {
    const held = store.leases.held(owner.key);
    if (held.length > 0) store.leases.renew(owner);
    return config.sets.map((set, i) => {
      const wish = { owner, set, address: wanted[i], held, cooldownMs: config.cooldownMs };
      return resultIp(allocate(wish, store, context), set);
    });
  });
  return { interfaces: [], ips, routes: config.routes, dns };
}

/** Frees what the attachment holds. Needs no valid configuration; unknown is success. */
export function ipamDel(request: DelRequest, store: Store, context: IpamContext): void {
  const { key } = leaseOwner(request, "");
  if (context.dhcp !== undefined) dhcpDel(key, store, context);
  if (store.leases.held(key).length > 0) store.leases.release(key);
}

/** @throws {CniError} 3 no lease, 109 lease and prevResult differ */
export function ipamCheck(request: CheckRequest, store: Store, context: IpamContext): void {
  const owner = leaseOwner(request, request.netns);
  const lent = context.dhcp === undefined ? [] : store.dhcp.held(owner.key);
  const held = [...store.leases.held(owner.key).map((lease) => lease.address), ...lent.map(leasedAddress)];
  if (held.length === 0)
    throw new CniError(errorCode.unknownContainer, `${formatOwner(owner)} holds no address`, {
      reason: "lease-missing",
      details: "it was freed by DEL, GC or a reboot, or ADD never came to its end",
    });
  const shown = request.prevResult.ips.map((entry) => prefixAddress(entry.address));
  const lost = held.filter((address) => !shown.includes(address));
  if (lost.length > 0)
    throw drifted(`${lost.join(", ")} is leased to ${formatOwner(owner)}, but not in prevResult`);
  const over = lent.find(({ lease }) => lease.expiresMs <= context.now());
  if (over !== undefined)
    throw drifted(
      `the lease of ${leasedAddress(over)} for ${formatOwner(owner)} ended at ${new Date(over.lease.expiresMs).toISOString()}: nobody renewed it`,
    );
  const foreign = ownAddresses(request, lenientSets(request)).filter((address) => !held.includes(address));
  if (foreign.length > 0)
    throw drifted(`${foreign.join(", ")} of prevResult is not leased to ${formatOwner(owner)}`);
}

/**
 * Frees what is not in the valid list. Leases younger than this call stay: their ADD may have begun after the runtime
 * made its list. So do those of an endpoint that GC has left: its ADD is at work, or it could not be removed.
 *
 * @throws {CniError} 7 without a list, when compartments of the network are still alive
 */
export function ipamGc(request: GcRequest, store: Store, context: IpamContext): void {
  // The runtime made its list before this process began.
  const startedMs = Math.min(context.now(), context.startedMs ?? Math.floor(performance.timeOrigin));
  const { name: network, validAttachments } = request.config;
  if (validAttachments === undefined) {
    collectGone(network, store, context);
    return;
  }
  const valid = new Set(
    validAttachments.map(({ containerID, ifname }) =>
      ownerKey({ network, containerId: containerID, ifname }),
    ),
  );
  const isStale = (key: string, takenMs: number): boolean =>
    !valid.has(key) && takenMs < startedMs && store.endpoints.get(key) === undefined;
  giveBackWhere(network, store, context, ({ key, lease }) => isStale(key, lease.obtainedMs));
  store.transaction(() => {
    for (const { key, takenMs } of store.leases.list(network))
      if (isStale(key, takenMs)) store.leases.release(key);
  });
}

/**
 * Reads only.
 *
 * @throws {CniError} 50 when a set of ranges has no free address and none that could be reclaimed
 */
export function ipamStatus(request: StatusRequest, store: Store, context: IpamContext): void {
  const { sets } = parseIpamConfig(request.config);
  const network = request.config.name;
  for (const set of sets) {
    if (store.leases.hasFree(network, set.usable)) continue;
    const leases = store.leases.list(network).filter((lease) => inSet(set, lease.address));
    if (leases.some((lease) => isGone(lease.netns, context))) continue;
    const ranges = set.ranges.map(({ first, last }) => `${first}-${last}`).join(", ");
    throw new CniError(errorCode.notAvailable, `network ${network} has no free address in ${ranges}`, {
      reason: "pool-exhausted",
      details: `${leases.length} leases; remove containers, let the runtime call GC, or configure a larger subnet`,
    });
  }
}

/** To the servers that lent them. */
function giveBackWhere(
  network: string,
  store: Store,
  context: IpamContext,
  isOver: (row: DhcpRow) => boolean,
): void {
  if (context.dhcp === undefined) return;
  for (const row of lentOn(network, store)) if (isOver(row)) dhcpDel(row.key, store, context);
}

const lentOn = (network: string, store: Store): readonly DhcpRow[] =>
  store.dhcp.list().filter((row) => row.network === network);

function collectGone(network: string, store: Store, context: IpamContext): void {
  giveBackWhere(network, store, context, ({ netns }) => isGone(netns, context));
  const own = store.transaction(() => {
    reclaim(store.leases.list(network), store, context);
    return store.leases.list(network);
  });
  const left = [...own, ...lentOn(network, store)];
  if (left.length === 0) return;
  throw new CniError(
    errorCode.invalidConfig,
    `GC of network ${network}: cni.dev/valid-attachments is missing`,
    {
      reason: "valid-attachments-missing",
      details: `only what is verifiably gone was freed; ${left.length} leases stay. An empty list frees them all`,
    },
  );
}

function leaseOwner(
  request: Pick<AddRequest, "config" | "containerId" | "ifname">,
  netns: string,
): LeaseOwner {
  const { containerId, ifname } = request;
  const owner: Owner = { network: request.config.name, containerId, ifname };
  return { ...owner, key: ownerKey(owner), netns };
}

function resultIp(address: Ip, set: RangeSet): ResultIp {
  const range = set.ranges.find((each) => isWithin(each, address));
  if (range === undefined) throw new RangeError(`${address} is in no range of its set`);
  const { subnet, gateway } = range;
  return { address: prefixOf(address, prefixLength(subnet)), ...(gateway !== undefined && { gateway }) };
}

/** Of prevResult, what this attachment must have from us: addresses of its own interface in our ranges. */
function ownAddresses(request: CheckRequest, sets: IpamConfig["sets"]): readonly Ip[] {
  const { ips, interfaces } = request.prevResult;
  const own = ips.filter(({ interface: index }) => {
    const link = index === undefined ? undefined : interfaces[index];
    return link === undefined || (link.name === request.ifname && link.sandbox === request.netns);
  });
  return own
    .map(({ address }) => prefixAddress(address))
    .filter((address) => sets.some((set) => inSet(set, address)));
}

/** A configuration that is not valid any more says nothing about an attachment that was made before. */
function lenientSets(request: CheckRequest): IpamConfig["sets"] {
  try {
    const runtime = parseRuntimeConfig(request.config.runtimeConfig, request.config.name);
    return parseIpamConfig(request.config, runtime.ipRanges).sets;
  } catch (error) {
    if (error instanceof CniError) return [];
    throw error;
  }
}

const drifted = (text: string): CniError => new CniError(errorCode.drift, text, { reason: "lease-drift" });

function noRanges(): CniError {
  return new CniError(errorCode.invalidConfig, "ipam has no range to give an address from", {
    reason: "ranges-missing",
    details: 'give ipam.subnet or ipam.ranges, or let the runtime send ipRanges: "subnet": "10.1.0.0/16"',
  });
}
