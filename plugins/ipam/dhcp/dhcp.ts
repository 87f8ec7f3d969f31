/** Addresses that servers on the wire lend: ADD. The vNIC is in the compartment, up. */
import type { Ip } from "../../../lib/addr/ip.ts";
import type { Prefix } from "../../../lib/addr/prefix.ts";
import { mergeDns } from "../../../lib/cni/dns.ts";
import type { AddRequest } from "../../../lib/cni/request.ts";
import { forever } from "../../../lib/dhcp/lease.ts";
import { formatOwner } from "../../../lib/model/owner.ts";
import { isAgentAlive } from "../../../lib/state/agent-lock.ts";
import type { LeaseOwner } from "../../../lib/state/rows.ts";
import type { Store } from "../../../lib/state/store.ts";
import type { IpamResult } from "../../../lib/verbs/ipam-result.ts";
import type { DhcpConfig } from "../config.ts";
import type { IpamContext } from "../context.ts";
import { notOnTheWire } from "./errors.ts";
import { dhcpDel } from "./give-back.ts";
import { lease4, result4 } from "./lease4.ts";
import { autoconf, lease6, prefix6 } from "./lease6.ts";
import type { DhcpWish } from "./wish.ts";

export { dhcpDel } from "./give-back.ts";

interface Asking {
  readonly owner: LeaseOwner;
  readonly addresses: readonly Ip[];
}

/**
 * What was lent is given back when a later part fails.
 *
 * @throws {CniError} 2 where no vNIC can be asked on, 11 no answer in time, 103 the server lends another address than that
 *   asked for
 */
export function dhcpAdd(
  request: AddRequest,
  config: DhcpConfig,
  { owner, addresses }: Asking,
  store: Store,
  context: IpamContext,
): IpamResult {
  const access = context.dhcp;
  if (access === undefined) throw notOnTheWire(owner);
  const wish: DhcpWish = { request, config, owner, addresses, store, context, access };
  try {
    const first = lease4(wish);
    warnOfEnd(wish, first.address, first);
    return withIpv6(wish, result4(first));
  } catch (error) {
    dhcpDel(owner.key, store, context);
    throw error;
  }
}

function withIpv6(wish: DhcpWish, result: IpamResult): IpamResult {
  switch (wish.config.ipv6) {
    case "none":
      return result;
    case "slaac": {
      const made = autoconf(wish);
      return { ...result, ips: [...result.ips, ...made.map((address) => ({ address }))], autoconf: made };
    }
    case "dhcp": {
      const lease = lease6(wish);
      warnOfEnd(wish, prefix6(lease), lease);
      const dns = mergeDns(result.dns, lease.dns);
      return { ...result, ips: [...result.ips, { address: prefix6(lease) }], dns };
    }
  }
}

/** Nobody renews a lease when the agent is not there, and its address may be somebody else's then. */
function warnOfEnd(
  { owner, context, store }: DhcpWish,
  address: Prefix,
  { expiresMs, obtainedMs }: { readonly expiresMs: number; readonly obtainedMs: number },
): void {
  if (expiresMs === forever || isAgentAlive(store.dataDir)) return;
  const seconds = Math.round((expiresMs - obtainedMs) / 1000);
  context.log.warn(
    `the lease of ${address} for ${formatOwner(owner)} ends in ${seconds} s (${new Date(expiresMs).toISOString()}), and nobody renews it: vswitch agent is not running`,
  );
}
