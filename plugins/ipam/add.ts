/**
 * ADD. Each verb takes an open store and joins its transaction, so that a caller writes its endpoint and the lease
 * together or not at all.
 */
import type { Ip } from "../../lib/addr/ip.ts";
import { prefixLength, prefixOf } from "../../lib/addr/prefix.ts";
import { parseRuntimeConfig } from "../../lib/cni/capability.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type { AddRequest } from "../../lib/cni/request.ts";
import type { ResultIp } from "../../lib/cni/result.ts";
import type { Store } from "../../lib/state/store.ts";
import type { IpamResult } from "../../lib/verbs/ipam-result.ts";
import { allocate } from "./allocate.ts";
import { parseIpamConfig, type RangeSet } from "./config.ts";
import type { IpamContext } from "./context.ts";
import { leaseOwner } from "./lease-owner.ts";
import { isWithin } from "./range.ts";
import { matchSets, requestedAddresses } from "./requested.ts";
import { readResolvConf } from "./resolv-conf.ts";

const dealtOut = () => require("./pool/add.ts") as typeof import("./pool/add.ts");
const onTheWire = () => require("./dhcp/dhcp.ts") as typeof import("./dhcp/dhcp.ts");

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
    return onTheWire().dhcpAdd(request, config.dhcp, { owner, addresses }, store, context);
  }
  const { pool } = config;
  if (pool !== undefined)
    return dealtOut().poolAdd(
      request,
      { ...config, pool },
      requestedAddresses(request, runtime.ips),
      store,
      context,
    );
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

function resultIp(address: Ip, set: RangeSet): ResultIp {
  const range = set.ranges.find((each) => isWithin(each, address));
  if (range === undefined) throw new RangeError(`${address} is in no range of its set`);
  const { subnet, gateway } = range;
  return { address: prefixOf(address, prefixLength(subnet)), ...(gateway !== undefined && { gateway }) };
}

function noRanges(): CniError {
  return new CniError(errorCode.invalidConfig, "ipam has no range to give an address from", {
    reason: "ranges-missing",
    details: 'give ipam.subnet or ipam.ranges, or let the runtime send ipRanges: "subnet": "10.1.0.0/16"',
  });
}
