/** Published ports, for what comes to the host from beyond it or from a container. */
import { isLoopback } from "../../../addr/ip.ts";
import { addressCell } from "../consulted.ts";
import { loopbacks } from "../groups.ts";
import { ipLayer, skip } from "../layer.ts";
import { sendToPublished } from "../published.ts";
import { consult } from "../walk.ts";

export const hostNatPrerouting = ipLayer((walk) => {
  const { destination } = walk.packet;
  // 127/8 and ::1 are the host's own: what comes from beyond it is not sent on.
  if (isLoopback(destination))
    return skip(consult(walk, { destination: addressCell(destination, loopbacks) }));
  return sendToPublished(walk, "host.nat.prerouting");
});
