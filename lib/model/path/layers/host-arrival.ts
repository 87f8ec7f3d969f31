/** The link by which a packet comes to the host. Has nothing to say when it is known and up. */
import { findInterface, hostPlace, kernel } from "../find.ts";
import { ask, drop, ipLayer, type Opening, skip } from "../layer.ts";

export const hostArrival = ipLayer((walk) => {
  const { source } = walk.packet;
  const opening: Opening = {
    id: "host.arrival",
    where: hostPlace,
    object: "links of the host",
    key: walk.in ?? source,
    writer: kernel,
  };
  const link = findInterface(walk.scene, walk.in);
  if (link === undefined)
    return ask(
      walk,
      opening,
      `the interface by which packets from ${source} arrive: the host has no route there`,
    );
  if (link.up) return skip(walk);
  return drop(walk, opening, "down", {
    reason: "link-down",
    by: `${link.name} is down`,
    remedy: `\`ip link set ${link.name} up\`.`,
  });
});
