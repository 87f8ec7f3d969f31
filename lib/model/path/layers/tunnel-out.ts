/** The tunnel as a port of a bridge: there, up, and wide enough. */
import { kernel } from "../find.ts";
import { type Opening, onSwitch, skip } from "../layer.ts";
import { tunnelFault } from "../link.ts";
import { isOverlayNetwork, tunnelPlace } from "../remote.ts";
import { throughLink } from "../through-link.ts";

export const tunnelOut = onSwitch((walk) => {
  const { scene, network } = walk;
  if (!isOverlayNetwork(network)) return skip(walk);
  const { name } = network.switch.tunnel;
  const where = tunnelPlace(network);
  const opening: Opening = { id: "tunnel.out", where, object: "link", key: name, writer: kernel };
  return throughLink(walk, opening, tunnelFault(scene, network), (mtu, bytes) => ({
    by: `${name} takes ${mtu} bytes, the packet has ${bytes}; the switch tells nobody`,
    remedy: `All containers of network ${network.name} need one MTU: give it "mtu": ${mtu} on all hosts, and attach them anew.`,
  }));
});
