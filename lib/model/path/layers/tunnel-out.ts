/** The tunnel as a port of a bridge: there, up, and wide enough. Has nothing to say when all is well. */
import { rangeCell } from "../consulted.ts";
import { findInterface, kernel } from "../find.ts";
import { drop, type Opening, onSwitch, skip } from "../layer.ts";
import { tunnelFault } from "../link.ts";
import { isOverlayNetwork, tunnelPlace } from "../remote.ts";
import { consult } from "../walk.ts";

export const tunnelOut = onSwitch((walk) => {
  const { scene, network, packet } = walk;
  if (!isOverlayNetwork(network)) return skip(walk);
  const { name } = network.switch.tunnel;
  const where = tunnelPlace(network);
  const opening: Opening = { id: "tunnel.out", where, object: "link", key: name, writer: kernel };
  const fault = tunnelFault(scene, network);
  if (fault !== undefined) return drop(walk, opening, fault.by, fault);
  const link = findInterface(scene, name);
  if (packet.kind !== "ip" || link === undefined) return skip(walk);
  const { bytes = 0 } = packet;
  const asked = consult(walk, { bytes: rangeCell(bytes, [{ last: link.mtu }]) });
  if (bytes <= link.mtu) return skip(asked);
  return drop(asked, opening, `MTU ${link.mtu}`, {
    reason: "mtu",
    by: `${name} takes ${link.mtu} bytes, the packet has ${bytes}; the switch tells nobody`,
    remedy: `All containers of network ${network.name} need one MTU: give it "mtu": ${link.mtu} on all hosts, and attach them anew.`,
  });
});
