/**
 * The limiter of a port: a link of its own (ifb) on the host, through which all passes that the container sends. There
 * it is out of the container's reach.
 */
import { localMac, type Mac } from "../addr/mac.ts";
import { digest } from "../model/owner.ts";
import type { Link } from "../netlink/route/decode-link.ts";
import { markedKey } from "./mark.ts";

/** `vq-` and 12 digits of the owner's key, as the port's name has them. */
export function limiterName(key: string): string {
  return `vq-${key.slice(0, 12)}`;
}

/** By it a limiter is known whose ADD was killed before it bore a mark. */
export function limiterMac(key: string): Mac {
  return localMac(digest("limiter", key));
}

/**
 * Port and limiter are a group of links, so that the kernel deletes both in the time of one. The port's index makes
 * the number unique in the namespace; those that people give are small.
 */
export function limiterGroup(portIndex: number): number {
  return 0x4000_0000 + portIndex;
}

/** Bears our mark, or none yet and the MAC that only our limiter has. */
export function isLimiterOf(link: Link, key: string): boolean {
  if (link.kind !== "ifb") return false;
  return link.alias === undefined ? link.mac === limiterMac(key) : markedKey(link.alias) === key;
}
