/** Addresses that were asked for by name. */
import { type Family, type Ip, ipFamily } from "../../../lib/addr/ip.ts";
import { contains, networkOf, prefixOf } from "../../../lib/addr/prefix.ts";
import { type BlockRange, blockRange, type Pool } from "../../../lib/cluster/pool.ts";
import { CniError, errorCode } from "../../../lib/cni/error.ts";
import { isWithin } from "../range.ts";

/** @throws {CniError} 7 for one that no host can give, and for a second one of a family */
export function addressesByFamily(addresses: readonly Ip[], pool: Pool): ReadonlyMap<Family, Ip> {
  const wanted = new Map<Family, Ip>();
  for (const address of addresses) {
    if (!pool.cidrs.some((cidr) => contains(cidr, address)))
      throw refused(address, `it is outside of ${pool.cidrs.join(", ")} (HCN_E_INVALID_IP)`);
    if (!isWithin(rangeOf(address, pool), address))
      throw refused(
        address,
        "it is a gateway, network or broadcast address (HCN_E_ADDR_INVALID_OR_RESERVED)",
      );
    const other = wanted.get(ipFamily(address));
    if (other !== undefined && other !== address)
      throw refused(address, `${other} is asked for too, and a container gets one address of each family`);
    wanted.set(ipFamily(address), address);
  }
  return wanted;
}

/** What goes with an address in whatever block it is: all blocks of a network have one length. */
export function rangeOf(address: Ip, pool: Pool): BlockRange {
  const range = blockRange(pool, networkOf(prefixOf(address, pool.blockBits[ipFamily(address)])));
  if (range === undefined) throw new RangeError(`${address} is not of network ${pool.network}`);
  return range;
}

const refused = (address: Ip, why: string): CniError =>
  new CniError(errorCode.invalidConfig, `cannot give address ${address}: ${why}`, {
    reason: "address-refused",
    details: "ask for a free address of the network, or for none",
  });
