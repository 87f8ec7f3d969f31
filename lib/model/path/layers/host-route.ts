/** Routing of what came to the host: for itself, onward, or not at all. */
import { type Ip, ipFamily } from "../../../addr/ip.ts";
import { hostPrefix, prefixAddress } from "../../../addr/prefix.ts";
import { IPPROTO, type IpPacket, ND } from "../../../policy/packet.ts";
import type { Plan } from "../../plan.ts";
import { proxyOf } from "../../switch.ts";
import { addressCell, valueCell } from "../consulted.ts";
import { findInterface, hostPlace, kernel } from "../find.ts";
import {
  broadcasts,
  isGroupMac,
  isLinkLocal6,
  isMulticast,
  limitedBroadcast,
  linkLocal6,
  multicast,
} from "../groups.ts";
import { ask, drop, ipLayer, type Opening, type Passage, pass } from "../layer.ts";
import { bound, martian, martianCells } from "../martian.ts";
import { hostRoutes, routeCell } from "../routes.ts";
import { consult, type IpWalk } from "../walk.ts";
import { leaving, noWay, wayTo, writerOf } from "../way.ts";

export const hostRouting = ipLayer((walk) => {
  const { destination } = walk.packet;
  const opening: Opening = {
    id: "host.route",
    where: hostPlace,
    object: "routes of the host",
    key: `${destination} from ${walk.in ?? "the host"}`,
    writer: kernel,
  };
  const asked = consult(walk, martianCells(walk));
  const fault = martian(walk);
  if (fault !== undefined) return drop(asked, opening, fault.by, fault);
  const own = subnets(walk);
  const group = consult(asked, {
    destination: addressCell(destination, [...multicast, linkLocal6, ...own.map(hostPrefix)]),
  });
  if (isMulticast(destination) || own.includes(destination))
    return pass(group, opening, "a group that the host may be in", "forward", "host.input");
  if (isLinkLocal6(destination)) return onLink(group, opening);
  return route(consult(group, { destination: routeCell(hostRoutes(walk.scene), destination) }), opening);
});

/** An address of the link counts only on its own. */
function onLink(walk: IpWalk, opening: Opening): Passage {
  const { destination } = walk.packet;
  const own = findInterface(walk.scene, walk.in)?.addresses.map(prefixAddress) ?? [];
  const asked = consult(walk, { destination: addressCell(destination, own.map(hostPrefix)) });
  const fault = own.includes(destination) ? undefined : bound(walk);
  if (fault !== undefined) return drop(asked, opening, fault.by, fault);
  return pass(asked, opening, `local ${destination} dev ${walk.in}`, "forward", "host.input");
}

/** The broadcast addresses that the host listens to. */
function subnets({ scene }: IpWalk): readonly Ip[] {
  const links = scene.host.interfaces.filter(({ up }) => up);
  return [limitedBroadcast, ...broadcasts(links.flatMap(({ addresses }) => addresses))];
}

function route(walk: IpWalk, opening: Opening): Passage {
  const { scene, packet } = walk;
  const way = wayTo(scene, packet.destination);
  switch (way.kind) {
    case "local":
      return pass(walk, opening, way.text, "forward", "host.input");
    case "unclear":
      return ask(walk, opening, `the interface of route ${way.text}, which the scene does not tell`);
    case "via":
      return forward(
        { ...walk, ...leaving(way) },
        { ...opening, writer: writerOf(scene, way.interface) },
        way.text,
      );
    default:
      return drop(walk, opening, way.text, noWay(scene, way, packet.destination));
  }
}

const sysctls = { 4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding" } as const;

/** What came to all on a link is not sent on: only what was for the host's own MAC is. */
function forward(framed: IpWalk, opening: Opening, text: string): Passage {
  const fault = bound(framed);
  if (fault !== undefined) return drop(framed, opening, text, fault);
  const { destinationMac } = framed.packet;
  const walk = consult(framed, { destinationMac: valueCell(destinationMac) });
  if (isGroupMac(destinationMac))
    return drop(walk, opening, text, {
      reason: "scope",
      by: `the host sends on nothing that came in a frame to a group (${destinationMac})`,
      remedy: "Send it to the MAC of the gateway.",
    });
  const family = ipFamily(walk.packet.destination);
  if (walk.scene.host.forwarding[family]) return forwarded(walk, opening, text);
  const sysctl = sysctls[family];
  return drop(walk, opening, text, {
    reason: "forwarding-off",
    by: `${sysctl} is 0`,
    remedy: `\`sysctl -w ${sysctl}=1\`; something has switched it off since the network was made.`,
  });
}

/**
 * What neighbours say to an address that the host answers for by proxy NDP, the host hears itself, before any rule for
 * what it forwards (ip6_forward of linux/net/ipv6/ip6_output.c).
 */
function forwarded(walk: IpWalk, opening: Opening, text: string): Passage {
  const { packet, scene, in: from } = walk;
  const isProxied = ({ switch: vswitch, vnic }: Plan): boolean =>
    proxyOf(vswitch) === from && vnic.addresses.some((own) => prefixAddress(own) === packet.destination);
  const isAnswered =
    from !== undefined && ipFamily(packet.destination) === 6 && scene.endpoints.some(isProxied);
  if (!isAnswered) return pass(walk, opening, text, "forward", "host.forward");
  const { protocol, icmpType } = packet;
  const asked = consult(walk, { protocol: valueCell(protocol), icmpType: valueCell(icmpType) });
  if (!isDiscovery(packet)) return pass(asked, opening, text, "forward", "host.forward");
  const { out: _out, nextHop: _nextHop, ...inward } = asked;
  const words = "neighbour discovery of an address that the host answers for";
  return pass(inward, opening, words, "forward", "host.input");
}

const isDiscovery = ({ protocol, icmpType = 0 }: IpPacket): boolean =>
  protocol === IPPROTO.icmp6 && icmpType >= ND.routerSolicit && icmpType <= ND.redirect;
