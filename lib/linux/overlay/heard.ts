/** What the kernel tells of rows by which other hosts are reached: of our own doing, or of somebody else's. Pure. */
import type { Ip } from "../../addr/ip.ts";
import type { Message } from "../../netlink/message.ts";
import { decodeRoute } from "../../netlink/route/decode-route.ts";
import { AF_BRIDGE } from "../../netlink/route/family.ts";
import { decodeFdb } from "../../netlink/route/fdb.ts";
import { RTM_DELNEIGH, RTM_NEWNEIGH } from "../../netlink/route/ndmsg.ts";
import { decodeNeighbour } from "../../netlink/route/neighbour.ts";
import { decodeNexthop, RTM_DELNEXTHOP, RTM_NEWNEXTHOP } from "../../netlink/route/nexthop.ts";
import { RTM_DELROUTE, RTM_NEWROUTE, RTPROT_VSWITCH } from "../../netlink/route/rtmsg.ts";
import type { LayoutElement } from "../layout/element.ts";
import { isPeerRoute } from "./diff-rows.ts";
import type { Reached } from "./reached.ts";

/** linux/rtnetlink.h. */
export const RTNLGRP_PEERS = { neighbour: 3, ipv4Route: 7, ipv6Route: 11, nexthop: 32 } as const;

/** Whether a row is no longer as it was written: gone, or another. What is as written is told to whoever wrote it, too. */
export function isForeign(message: Message, reached: Reached): boolean {
  switch (message.type) {
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      return message.payload[0] === AF_BRIDGE
        ? isForeignFdb(message, reached)
        : isForeignNeighbour(message, reached);
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return isForeignRoute(message, reached);
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
      return isForeignNexthop(message, reached);
    default:
      return false;
  }
}

/** Whether elements that are gone from the sets of tunnel ends say who is still to be let in. */
export function isForeignRefusal(gone: readonly LayoutElement[], { vteps, vni }: Reached): boolean {
  return gone.some(({ key: [vtep, low, high] }) => {
    return Number(low) + Number(high) * 2 ** 16 === vni && vteps.has(vtep as Ip);
  });
}

function isForeignFdb(message: Message, { links, forwarding, behind }: Reached): boolean {
  const { index, mac, vtep, on, state, external } = decodeFdb(message);
  if (index !== links.tunnel || external) return false;
  const gone = message.type === RTM_DELNEIGH;
  if (on === "master") return behind.has(mac) && (gone || state !== "noarp");
  const wanted = forwarding.get(mac);
  if (wanted === undefined) return false;
  return gone ? vtep === wanted : vtep !== wanted || state !== "permanent";
}

function isForeignNeighbour(message: Message, { links, neighbours }: Reached): boolean {
  const { index, address, mac, state } = decodeNeighbour(message);
  if (index !== links.tunnel && index !== links.bridge) return false;
  const wanted = neighbours.get(address);
  if (wanted === undefined) return false;
  return message.type === RTM_DELNEIGH || mac !== wanted || state !== "permanent";
}

function isForeignRoute(message: Message, { links, routes, ids, vni }: Reached): boolean {
  const route = decodeRoute(message);
  if (!routes.has(route.dst) || !isPeerRoute(route, vni)) return false;
  if (message.type === RTM_DELROUTE) return route.protocol === RTPROT_VSWITCH;
  const gateway = routes.get(route.dst);
  if (route.type === "unreachable") return false;
  return (
    gateway === undefined ||
    route.nexthopId !== ids.get(gateway) ||
    (route.index ?? links.tunnel) !== links.tunnel
  );
}

function isForeignNexthop(message: Message, { gateways, links }: Reached): boolean {
  const { id, gateway, index } = decodeNexthop(message);
  const wanted = gateways.get(id);
  if (wanted === undefined) return false;
  return message.type === RTM_DELNEXTHOP || gateway !== wanted || index !== links.tunnel;
}
