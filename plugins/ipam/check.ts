/** CHECK: what the attachment holds against what it shows. */
import { type Ip, ipFromNumber } from "../../lib/addr/ip.ts";
import { bounds, type Prefix, prefixAddress, prefixFamily } from "../../lib/addr/prefix.ts";
import { parseRuntimeConfig } from "../../lib/cni/capability.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type { CheckRequest } from "../../lib/cni/request.ts";
import { formatOwner } from "../../lib/model/owner.ts";
import type { Store } from "../../lib/state/store.ts";
import { inSet } from "./allocate.ts";
import { type IpamConfig, parseIpamConfig } from "./config.ts";
import type { IpamContext } from "./context.ts";
import { leasedAddress } from "./dhcp/give-back.ts";
import { leaseOwner } from "./lease-owner.ts";

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
    const { sets, pool } = parseIpamConfig(request.config, runtime.ipRanges);
    return [...sets, ...(pool?.cidrs ?? []).map(wholeOf)];
  } catch (error) {
    if (error instanceof CniError) return [];
    throw error;
  }
}

/** Whatever block it is of. */
function wholeOf(cidr: Prefix): IpamConfig["sets"][number] {
  const { first, last } = bounds(cidr);
  const family = prefixFamily(cidr);
  return { ranges: [], usable: [{ first: ipFromNumber(family, first), last: ipFromNumber(family, last) }] };
}

const drifted = (text: string): CniError => new CniError(errorCode.drift, text, { reason: "lease-drift" });
