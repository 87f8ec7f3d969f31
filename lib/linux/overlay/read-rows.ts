/** What there is of rows by which other hosts are reached. Changes nothing. */
import type { OverlaySwitch } from "../../model/switch.ts";
import type { Reply } from "../../netlink/message.ts";
import { decodeRoute, type Route } from "../../netlink/route/decode-route.ts";
import { decodeFdb, dumpFdb, type Fdb } from "../../netlink/route/fdb.ts";
import { decodeNeighbour, dumpNeighbours, type Neighbour } from "../../netlink/route/neighbour.ts";
import { decodeNexthop, dumpNexthops, type NexthopObject } from "../../netlink/route/nexthop.ts";
import { dumpRoutes } from "../../netlink/route/route.ts";
import { RTPROT_VSWITCH } from "../../netlink/route/rtmsg.ts";
import { isErrno } from "../../os/error.ts";
import type { LayoutElement } from "../layout/element.ts";
import { decodeElements, dumpSet } from "../layout/element-requests.ts";
import { linkOf } from "../link-of.ts";
import type { Readers } from "../machine.ts";
import { markedNetwork, networkMark } from "../mark.ts";

/** Indexes of its links. */
export interface Links {
  readonly tunnel: number;
  readonly bridge: number;
}

export interface FoundRows {
  readonly fdb: readonly Fdb[];
  /** Of the tunnel in mode `routed`, else of the bridge. */
  readonly neighbours: readonly Neighbour[];
  /** All of the host: their numbers are one space. */
  readonly nexthops: readonly NexthopObject[];
  /** Out of the tunnel, and those by which nothing of the network leaves another way. */
  readonly routes: readonly FoundRoute[];
  /** Of the network's VNI. */
  readonly vteps: readonly LayoutElement[];
  /** Numbers of next hop objects beyond those. */
  readonly taken?: ReadonlySet<number>;
}

export type FoundRoute = Pick<Route, "dst" | "type" | "priority" | "nexthopId" | "src" | "mtu">;

/** @returns undefined where one of them is missing: nothing can be there */
export function linksOf({ host }: Pick<Readers, "host">, vswitch: OverlaySwitch): Links | undefined {
  const tunnel = linkOf(host, vswitch.tunnel.name)?.index;
  const bridge = linkOf(host, vswitch.name)?.index;
  return tunnel === undefined || bridge === undefined ? undefined : { tunnel, bridge };
}

/** The routes by which nothing of the network leaves another way: no other has this metric, and it is the last resort. */
export const lastResort = (vni: number): number => 0x7000_0000 + vni;

export function readRows(
  { host, rules }: Pick<Readers, "host" | "rules">,
  vswitch: OverlaySwitch,
  { tunnel, bridge }: Links,
): FoundRows {
  const routed = vswitch.mode === "routed";
  const outcomes = host.requests([
    dumpFdb({ index: tunnel }),
    dumpNeighbours({ index: routed ? tunnel : bridge }),
    ...(routed
      ? [
          dumpNexthops(),
          dumpRoutes({ index: tunnel }),
          dumpRoutes({ type: "unreachable", protocol: RTPROT_VSWITCH }),
        ]
      : []),
  ]);
  const [fdb = [], neighbours = [], nexthops = [], out = [], nowhere = []] = outcomes.map(
    (outcome): readonly Reply[] => {
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  );
  const resort = lastResort(vswitch.vni);
  return {
    fdb: fdb.map(decodeFdb),
    neighbours: neighbours.map(decodeNeighbour),
    nexthops: nexthops.map(decodeNexthop),
    routes: [
      ...out.map(decodeRoute).filter(({ protocol }) => protocol === RTPROT_VSWITCH),
      ...nowhere.map(decodeRoute).filter(({ priority }) => priority === resort),
    ],
    vteps: readVteps(rules, vswitch),
  };
}

function readVteps(rules: Readers["rules"], { network }: OverlaySwitch): readonly LayoutElement[] {
  return (["vteps4", "vteps6", "sealed4", "sealed6"] as const).flatMap((set) => {
    try {
      const elements = decodeElements(set, rules.request(dumpSet(set)));
      return elements.filter(({ comment }) => markedNetwork(comment) === networkMark(network));
    } catch (error) {
      if (isErrno(error, "ENOENT")) return [];
      throw error;
    }
  });
}
