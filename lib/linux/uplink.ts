/** What an external switch needs of its uplink. Pure. */
import { CniError, errorCode } from "../cni/error.ts";
import type { AnyExternalSwitch } from "../model/switch.ts";
import type { Link } from "../netlink/route/decode-link.ts";

/** @throws {CniError} 106 when it is gone or down */
export function requireUplink(
  { uplink, network }: Pick<AnyExternalSwitch, "uplink" | "network">,
  link: Link | undefined,
): Link {
  const doing = `network ${network}: its uplink ${uplink}`;
  if (link === undefined)
    throw new CniError(errorCode.dependencyMissing, `${doing} does not exist`, {
      reason: "uplink-missing",
      details: `bring the interface back, or name another one by "uplink"`,
    });
  if (link.up) return link;
  throw new CniError(errorCode.dependencyMissing, `${doing} is down`, {
    reason: "uplink-down",
    details: `ip link set ${uplink} up`,
  });
}
