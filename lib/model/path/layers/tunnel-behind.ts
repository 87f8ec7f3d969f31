/** What comes out of a tunnel that the host routes bears an address that leads back into it: the layout's chain tunnel_source. */
import { contains, prefixAddress } from "../../../addr/prefix.ts";
import { findInterface } from "../find.ts";
import { isLinkLocal6 } from "../groups.ts";
import { drop, ipLayer, type Opening, skip } from "../layer.ts";
import { byDirectory, directoryWords, routedTunnel, tunnelPlace } from "../remote.ts";
import { hostRoutes, routeCell } from "../routes.ts";
import { consult, type IpWalk } from "../walk.ts";
import { wayTo } from "../way.ts";

/** Has nothing to say when all is well. */
export const tunnelBehind = ipLayer((walk) => {
  const { scene, in: from, packet } = walk;
  const network = routedTunnel(scene, from);
  if (network === undefined || from === undefined) return skip(walk);
  const { source } = packet;
  const asked = consult(walk, { source: routeCell(hostRoutes(scene), source) });
  const back = wayBack(walk, from);
  if (back === undefined) return skip(asked);
  const opening: Opening = {
    id: "tunnel.behind",
    where: tunnelPlace(network),
    object: "routes of the host",
    key: `${source} behind ${from}`,
    writer: byDirectory(network),
  };
  return drop(asked, opening, back, {
    reason: "martian",
    by: `${source} came out of the tunnel of network ${network.name} and does not lead back there: ${back}`,
    remedy: `The sender must use an address of the network; where it does, ${directoryWords(network)} does not say on which host.`,
  });
});

/** @returns where it leads else; addresses of a link are looked for on that link alone (nft_fib6_flowi_init) */
function wayBack({ scene, packet }: IpWalk, from: string): string | undefined {
  const { source } = packet;
  if (isLinkLocal6(source)) {
    const own = findInterface(scene, from)?.addresses ?? [];
    const onLink = own.some((one) => contains(one, source) && prefixAddress(one) !== source);
    return onLink ? undefined : "an address of the link alone";
  }
  const back = wayTo(scene, source);
  return back.kind === "via" && back.interface === from ? undefined : back.text;
}
