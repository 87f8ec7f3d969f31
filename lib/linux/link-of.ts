/** Looking a link up. Changes nothing. */
import type { Netlink } from "../netlink/connection.ts";
import { decodeLink, type Link } from "../netlink/route/decode-link.ts";
import { getLink } from "../netlink/route/link.ts";
import { isErrno } from "../os/error.ts";

/** @returns undefined when there is none of this name or number */
export function linkOf(netlink: Netlink, key: string | number): Link | undefined {
  try {
    return netlink.request(getLink(key)).map(decodeLink)[0];
  } catch (error) {
    if (isErrno(error, "ENODEV")) return undefined;
    throw error;
  }
}
