/** What a vNIC hangs on: there, up, and wide enough. */
import { isBridge, isStacked } from "../../switch.ts";
import { kernel } from "../find.ts";
import { atEndpoint, type Opening, skip } from "../layer.ts";
import { throughLink } from "../through-link.ts";
import { uplinkFault, uplinkPlace } from "../uplink.ts";

export const uplinkOut = atEndpoint((walk) => {
  const { switch: vswitch } = walk.endpoint;
  if (!isStacked(vswitch) && !isBridge(vswitch)) return skip(walk);
  const { lower } = vswitch;
  const where = uplinkPlace(lower);
  const opening: Opening = { id: "uplink.out", where, object: "link", key: lower, writer: kernel };
  return throughLink(walk, opening, uplinkFault(walk.scene, vswitch), (mtu, bytes) => ({
    by: `${lower} takes ${mtu} bytes, the packet has ${bytes}`,
    remedy: `Somebody lowered the MTU of ${lower} since: raise it again, or attach the containers anew.`,
  }));
});
