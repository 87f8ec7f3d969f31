/** What a vNIC hangs on: there, up, and wide enough. Has nothing to say when all is well. */
import { isBridge, isStacked } from "../../switch.ts";
import { rangeCell } from "../consulted.ts";
import { findInterface, kernel } from "../find.ts";
import { atEndpoint, drop, skip } from "../layer.ts";
import { uplinkFault, uplinkPlace } from "../uplink.ts";
import { consult } from "../walk.ts";

export const uplinkOut = atEndpoint((walk) => {
  const { scene, endpoint, packet } = walk;
  const { switch: vswitch } = endpoint;
  if (!isStacked(vswitch) && !isBridge(vswitch)) return skip(walk);
  const { lower } = vswitch;
  const opening = {
    id: "uplink.out",
    where: uplinkPlace(lower),
    object: "link",
    key: lower,
    writer: kernel,
  } as const;
  const fault = uplinkFault(scene, vswitch);
  if (fault !== undefined) return drop(walk, opening, fault.by, fault);
  const link = findInterface(scene, lower);
  if (packet.kind !== "ip" || link === undefined) return skip(walk);
  const { bytes = 0 } = packet;
  const asked = consult(walk, { bytes: rangeCell(bytes, [{ last: link.mtu }]) });
  if (bytes <= link.mtu) return skip(asked);
  return drop(asked, opening, `MTU ${link.mtu}`, {
    reason: "mtu",
    by: `${lower} takes ${link.mtu} bytes, the packet has ${bytes}`,
    remedy: `Somebody lowered the MTU of ${lower} since: raise it again, or attach the containers anew.`,
  });
});
