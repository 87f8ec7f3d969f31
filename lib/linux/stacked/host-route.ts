/** The host's route to a vNIC that hangs on its uplink, by an adapter of its own. Pure. */
import { hostPrefix, type Prefix, prefixAddress } from "../../addr/prefix.ts";
import type { NewRoute } from "../../netlink/route/route.ts";

/**
 * Its metric tells whose it is: an address may be another container's by now, whose route must not go with that of one
 * that is deleted late.
 *
 * @param key of the endpoint's owner. @param index of the host's adapter
 */
export function hostRoute(
  key: string,
  address: Prefix,
  index: number,
): NewRoute & { readonly priority: number } {
  return {
    dst: hostPrefix(prefixAddress(address)),
    index,
    priority: Number.parseInt(key.slice(0, 7), 16) + 1,
  };
}
