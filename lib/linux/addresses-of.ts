/** Looking the addresses of a link up. Changes nothing. */
import type { Prefix } from "../addr/prefix.ts";
import type { Netlink } from "../netlink/connection.ts";
import { decodeAddress, dumpAddresses } from "../netlink/route/address.ts";

/** Those that somebody else on the wire has are none. */
export function addressesOf(netlink: Netlink, index: number): readonly Prefix[] {
  const found = netlink.request(dumpAddresses({ index })).map(decodeAddress);
  return found
    .filter((address) => address.index === index && !address.dadFailed)
    .map((address) => address.address);
}
