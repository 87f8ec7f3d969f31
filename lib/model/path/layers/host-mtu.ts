/** Whether the packet fits the link by which it leaves the host. Has nothing to say when it does. */
import { ipFamily } from "../../../addr/ip.ts";
import { rangeCell } from "../consulted.ts";
import { findInterface, hostPlace, kernel } from "../find.ts";
import { drop, ipLayer, type Opening, skip } from "../layer.ts";
import { consult } from "../walk.ts";

export const hostMtu = ipLayer((walk) => {
  const link = findInterface(walk.scene, walk.out);
  if (link === undefined) return skip(walk);
  const { bytes = 0, destination } = walk.packet;
  const { name } = link;
  const byRoute = walk.routeMtu !== undefined && walk.routeMtu < link.mtu ? walk.routeMtu : undefined;
  const mtu = byRoute ?? link.mtu;
  const asked = consult(walk, { bytes: rangeCell(bytes, [{ last: mtu }]) });
  if (bytes <= mtu) return skip(asked);
  const opening: Opening = {
    id: "host.mtu",
    where: hostPlace,
    object: byRoute === undefined ? `MTU of ${name}` : `MTU of the route by ${name}`,
    key: `${bytes} bytes`,
    writer: kernel,
  };
  const told = ipFamily(destination) === 6 ? "packet too big" : "fragmentation needed";
  return drop(asked, opening, `${mtu}`, {
    reason: "mtu",
    by: `${told}: ${byRoute === undefined ? name : "the other host"} takes ${mtu} bytes, the packet has ${bytes}`,
    remedy: `The sender is told by ICMP, which must get through to it; or give the network "mtu": ${mtu}.`,
  });
});
