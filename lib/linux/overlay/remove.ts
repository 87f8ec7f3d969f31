/** Takes an overlay network's tunnel away, and the routes that do not go with it. */
import { tunnelName } from "../../model/plan.ts";
import type { Netlink } from "../../netlink/connection.ts";
import type { Link } from "../../netlink/route/decode-link.ts";
import { decodeRoute } from "../../netlink/route/decode-route.ts";
import { deleteLink } from "../../netlink/route/link.ts";
import { deleteRoute, dumpRoutes } from "../../netlink/route/route.ts";
import { RTPROT_VSWITCH } from "../../netlink/route/rtmsg.ts";
import { decodeVxlan } from "../../netlink/route/vxlan.ts";
import { gone } from "../gone.ts";
import { linkOf } from "../link-of.ts";
import { markedNetwork, networkMark } from "../mark.ts";
import { lastResort } from "./read-rows.ts";

/** The network's tunnel, if there is one: by its name, which it has from the network's, and its mark. */
export function tunnelOf(host: Netlink, network: string): Link | undefined {
  const link = linkOf(host, tunnelName(network));
  if (link === undefined || link.kind !== "vxlan") return undefined;
  // An ADD that was killed in between left no mark.
  const ours = link.alias === undefined || markedNetwork(link.alias) === networkMark(network);
  return ours ? link : undefined;
}

export function removeTunnel(host: Netlink, tunnel: Link): void {
  const vni = decodeVxlan(tunnel)?.vni;
  gone(host, deleteLink(tunnel.index));
  if (vni === undefined) return;
  const nowhere = host
    .request(dumpRoutes({ type: "unreachable", protocol: RTPROT_VSWITCH }))
    .map(decodeRoute);
  const priority = lastResort(vni);
  for (const { dst } of nowhere.filter((route) => route.priority === priority))
    gone(host, deleteRoute({ dst, priority, type: "unreachable", protocol: RTPROT_VSWITCH }));
}
