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

/** @param vni as the network's mark or definition has it: somebody may have deleted the tunnel, and its routes are there */
export function removeTunnel(host: Netlink, network: string, vni: number | undefined): void {
  const tunnel = tunnelOf(host, network);
  const vnis = [vni, tunnel && decodeVxlan(tunnel)?.vni].filter((one) => one !== undefined);
  if (tunnel !== undefined) gone(host, deleteLink(tunnel.index));
  if (vnis.length === 0) return;
  const metrics = new Set(vnis.map(lastResort));
  const nowhere = host
    .request(dumpRoutes({ type: "unreachable", protocol: RTPROT_VSWITCH }))
    .map(decodeRoute);
  for (const { dst, priority } of nowhere.filter((route) => metrics.has(route.priority)))
    gone(host, deleteRoute({ dst, priority, type: "unreachable", protocol: RTPROT_VSWITCH }));
}
