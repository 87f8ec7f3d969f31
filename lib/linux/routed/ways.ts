/** How packets find an endpoint of a routed switch: the host's route to each address, and its answers on the wire. Pure. */

import type { Ip } from "../../addr/ip.ts";
import { hostPrefix, prefixAddress } from "../../addr/prefix.ts";
import type { Plan } from "../../model/plan.ts";
import { proxyOf } from "../../model/switch.ts";
import { addNeighbour, deleteNeighbour } from "../../netlink/route/neighbour.ts";
import { addRoute, deleteRoute, replaceRoute } from "../../netlink/route/route.ts";
import { RTPROT_VSWITCH } from "../../netlink/route/rtmsg.ts";
import { learn, own } from "../endpoint-step.ts";
import type { Step } from "../step.ts";

export interface Way {
  readonly kind: "route" | "proxy";
  readonly address: Ip;
  /** The bridge, or what the host answers on. */
  readonly link: string;
}

/** Routes first: an address that another endpoint has is refused by its route. */
export function waysOf({ switch: vswitch, vnic }: Plan): readonly Way[] {
  const proxy = proxyOf(vswitch);
  if (proxy === undefined) return [];
  const addresses = vnic.addresses.map(prefixAddress);
  return [
    ...addresses.map((address) => ({ kind: "route", address, link: vswitch.name }) as const),
    ...addresses.map((address) => ({ kind: "proxy", address, link: proxy }) as const),
  ];
}

/** In the words of `ip`. */
export function formatWay({ kind, address, link }: Way): string {
  return kind === "route"
    ? `the host's route ${hostPrefix(address)} dev ${link}`
    : `proxy ${address} dev ${link}`;
}

/** @returns nothing for other switches; the index of the switch is known */
export function makeWays(plan: Plan): readonly Step[] {
  const proxy = proxyOf(plan.switch);
  return proxy === undefined ? [] : [learnUplink(proxy), ...waysOf(plan).map((way) => make(way, addRoute))];
}

/** Those that are lost; whatever is in their place goes. */
export function repairWays(plan: Plan, lost: readonly Way[]): readonly Step[] {
  const steps = lost.map((way): Step => {
    const { title, action } = make(way, replaceRoute);
    return { title: title.replace("route add", "route replace"), scope: "switch", action };
  });
  const { name } = plan.switch;
  const proxy = proxyOf(plan.switch);
  return steps.length === 0 || proxy === undefined
    ? []
    : [learn("host", "switch", name), learnUplink(proxy), ...steps];
}

function make({ kind, address, link }: Way, newRoute: typeof addRoute): Step {
  const dst = hostPrefix(address);
  return kind === "route"
    ? {
        ...own(`route add ${dst} dev ${link}`),
        action: { kind: "host", requests: (index) => [newRoute({ dst, index: index("switch") })] },
        undo: { kind: "host", requests: (index) => [deleteRoute({ dst, index: index("switch") })] },
      }
    : {
        ...own(`neigh add proxy ${address} dev ${link}`),
        action: {
          kind: "host",
          requests: (index) => [addNeighbour({ index: index("uplink"), address, protocol: RTPROT_VSWITCH })],
        },
        undo: { kind: "host", requests: (index) => [deleteNeighbour(index("uplink"), address, true)] },
      };
}

/** The link of the host that leads to the wire. */
export function learnUplink(name: string): Step {
  return learn("host", "uplink", name);
}

/** Whoever knew the address at another MAC learns that it is here now. */
export function announceWays({ switch: vswitch, vnic }: Plan): readonly Step[] {
  const name = proxyOf(vswitch);
  if (name === undefined || vnic.addresses.length === 0) return [];
  const addresses = vnic.addresses.map(prefixAddress);
  return [{ ...own(`announce ${addresses.join(" ")} on ${name}`), action: { kind: "announce", addresses } }];
}
