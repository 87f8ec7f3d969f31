/** 127/8 stays the host's own, though ports are published on it: the layout's loopback_guard. */
import { ipFamily, isLoopback } from "../../../addr/ip.ts";
import { addressCell } from "../consulted.ts";
import { byNetwork, hostPlace, networkOfSwitch } from "../find.ts";
import { loopbacks } from "../groups.ts";
import { drop, ipLayer, type Opening, skip } from "../layer.ts";
import { consult } from "../walk.ts";

export const hostLoopback = ipLayer((walk) => {
  const network = networkOfSwitch(walk.scene, walk.in);
  const { source, destination } = walk.packet;
  if (network === undefined || ipFamily(source) === 6) return skip(walk);
  const asked = consult(walk, {
    source: addressCell(source, loopbacks),
    destination: addressCell(destination, loopbacks),
  });
  const own = isLoopback(source) ? source : isLoopback(destination) && !walk.dnat ? destination : undefined;
  if (own === undefined) return skip(asked);
  const opening: Opening = {
    id: "host.loopback",
    where: hostPlace,
    object: "loopback guard",
    key: `${source} -> ${destination} from ${walk.in}`,
    writer: byNetwork(network),
  };
  return drop(asked, opening, "127/8 is the host's own", {
    reason: "loopback",
    by: `${own} came from switch ${network.switch.name}`,
    remedy: "Call the host on the address of the gateway, or on that of its uplink.",
  });
});
