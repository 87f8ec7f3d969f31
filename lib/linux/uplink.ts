/** What an external switch needs of its uplink. Pure. */
import { CniError, errorCode } from "../cni/error.ts";
import type { AnyExternalSwitch } from "../model/switch.ts";
import type { Link } from "../netlink/route/decode-link.ts";
import { IFF_LOOPBACK } from "../netlink/route/ifinfo.ts";

/** @throws {CniError} 106 when it is gone or down, 7 when it leads nowhere */
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
  if (link.flags & IFF_LOOPBACK)
    throw new CniError(errorCode.invalidConfig, `${doing} is the host's loopback, which leads to no LAN`, {
      reason: "uplink-unfit",
      details: 'name the interface of the LAN by "uplink"',
    });
  if (link.up) return link;
  throw new CniError(errorCode.dependencyMissing, `${doing} is down`, {
    reason: "uplink-down",
    details: `ip link set ${uplink} up`,
  });
}
