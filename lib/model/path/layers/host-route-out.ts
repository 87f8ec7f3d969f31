/** Routing of what the host itself sends: once to know its source and link, and again when it goes to a published port. */
import { type Ip, isLoopback, isUnspecified } from "../../../addr/ip.ts";
import type { Scene } from "../../scene.ts";
import { addressCell } from "../consulted.ts";
import { hostPlace, kernel } from "../find.ts";
import { isLinkLocal6, isMulticast, linkLocal6, multicast } from "../groups.ts";
import { ask, drop, ipLayer, type Layer, type Opening, pass, skip } from "../layer.ts";
import { hostRoutes, routeCell } from "../routes.ts";
import { hostSource, type SourceChoice } from "../source.ts";
import { consult, type IpWalk } from "../walk.ts";
import { leaving, noWay, type Way, wayTo, writerOf } from "../way.ts";

/** Without a word, unless there is no way at all. */
export const hostSend: Layer = ipLayer((walk) => {
  const passage = hostRouteOut(walk);
  return passage.kind === "on" ? skip(passage.walk) : passage;
});

export const hostRouteOut: Layer = ipLayer((walk) => {
  const { scene, packet } = walk;
  const { destination } = packet;
  const opening: Opening = {
    id: "host.route",
    where: hostPlace,
    object: "routes of the host",
    key: destination,
    writer: kernel,
  };
  const asked = consult(consult(walk, { destination: addressCell(destination, ofLink) }), {
    destination: routeCell(hostRoutes(scene), destination),
  });
  const way = wayTo(scene, destination);
  if (way.kind === "none" || way.kind === "forbidden")
    return drop(asked, opening, way.text, noWay(scene, way, destination));
  if (way.kind === "unclear" || isOfLink(way, destination))
    return ask(asked, opening, `the interface by which ${destination} is sent: the scene does not tell`);
  const sent = withSource(asked, way);
  if (isUnspecified(sent.packet.source))
    return drop(asked, opening, way.text, {
      reason: "no-address",
      by: `the host has no address to send to ${destination} from`,
      remedy: "Give the link by which it leaves an address of the destination's family.",
    });
  const writer = way.kind === "via" ? writerOf(scene, way.interface) : kernel;
  return pass({ ...sent, ...leaving(way) }, { ...opening, writer }, way.text, "forward");
});

const ofLink = [linkLocal6, ...multicast];

/** Such an address means nothing without its link. */
const isOfLink = (way: Way, destination: IpWalk["packet"]["destination"]): boolean =>
  way.kind === "via" &&
  (isLinkLocal6(destination) || (isMulticast(destination) && destination.includes(":")));

/** Where the program names no source, the kernel chooses; what the host sends to itself comes from the very address. */
function withSource(walk: IpWalk, way: Extract<Way, { readonly kind: "local" | "via" }>): IpWalk {
  const { scene, packet } = walk;
  const { source, destination } = packet;
  if (!isUnspecified(source)) return walk;
  const own = isLoopback(destination) || way.kind === "local";
  const choice = own ? { source: destination } : sourceBy(scene, way, destination);
  const filled = { ...packet, source: choice.source ?? source };
  return consult({ ...walk, packet: filled, origin: filled }, { destination: choice.cell });
}

/** As the route says; else one of the link by which it leaves. */
const sourceBy = (
  scene: Scene,
  way: Extract<Way, { readonly kind: "via" }>,
  destination: Ip,
): SourceChoice =>
  way.source === undefined
    ? hostSource(scene, way.interface, destination, way.nextHop)
    : { source: way.source };
