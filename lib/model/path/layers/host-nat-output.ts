/** Published ports, for what the host itself sends; on 127.0.0.1 too, on ::1 the kernel cannot. */
import { ip } from "../../../addr/ip.ts";
import { hostPrefix } from "../../../addr/prefix.ts";
import { addressCell } from "../consulted.ts";
import { ipLayer, skip } from "../layer.ts";
import { sendToPublished } from "../published.ts";
import { consult } from "../walk.ts";

const loopback6 = ip("::1");

export const hostNatOutput = ipLayer((walk) => {
  const { destination } = walk.packet;
  const asked = consult(walk, { destination: addressCell(destination, [hostPrefix(loopback6)]) });
  return destination === loopback6 ? skip(asked) : sendToPublished(asked, "host.nat.output");
});
