/** Requests that take something away: of what is gone already they are done. */
import type { Netlink } from "../netlink/connection.ts";
import type { Request } from "../netlink/message.ts";
import { isErrno } from "../os/error.ts";

/** @throws {NetlinkError} the refusal of something that is there */
export function gone(netlink: Netlink, request: Request): void {
  try {
    netlink.request(request);
  } catch (error) {
    if (!isErrno(error, "ENODEV", "ENOENT", "ESRCH")) throw error;
  }
}
