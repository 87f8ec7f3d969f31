/** Behind which VTEP the MAC is: the tunnel's rows, which a directory tells. */
import type { Ip } from "../../../addr/ip.ts";
import type { Mac } from "../../../addr/mac.ts";
import type { Scene } from "../../scene.ts";
import { findInterface } from "../find.ts";
import { noMac } from "../groups.ts";
import { type Branch, drop, type Opening, onSwitch, type Passage, pass, skip } from "../layer.ts";
import {
  byDirectory,
  directoryWords,
  isOverlayNetwork,
  type OverlayNetwork,
  peerAt,
  peerBehind,
  rowsOf,
  tunnelPlace,
  vtepWords,
} from "../remote.ts";
import type { Encapsulation } from "../trace.ts";
import type { SwitchWalk } from "../walk.ts";

export const tunnelVtep = onSwitch((walk) => {
  const { scene, network, packet } = walk;
  if (!isOverlayNetwork(network)) return skip(walk);
  const mac = packet.destinationMac;
  const opening: Opening = {
    id: "tunnel.vtep",
    where: tunnelPlace(network),
    object: `forwarding rows of ${network.switch.tunnel.name}`,
    key: mac,
    writer: byDirectory(network),
  };
  const rows = rowsOf(scene, network, "self");
  const ends = (of: Mac): readonly Ip[] => rows.flatMap((row) => (row.mac === of ? (row.vtep ?? []) : []));
  const own = ends(mac);
  // Where a row of the MAC of zeros says, Linux sends all that has none of its own.
  const found = own.length > 0 ? own : ends(noMac);
  const [vtep] = found;
  if (vtep === undefined) return noRow(walk, opening, network, mac);
  if (own.length === 0) return toAll(walk, opening, network, found);
  const sent = { ...walk, tunnel: encapsulation(scene, network, vtep) };
  return pass(sent, opening, `VTEP ${vtepWords(network, vtep)}`, "forward");
});

/** As the link is, whatever was planned. */
function encapsulation(scene: Scene, network: OverlayNetwork, vtep: Ip): Encapsulation {
  const { vni, tunnel } = network.switch;
  const node = peerAt(network, vtep)?.node;
  const link = findInterface(scene, tunnel.name)?.vxlan;
  return {
    network: network.name,
    vni: link?.vni ?? vni,
    source: link?.local ?? tunnel.vtep,
    vtep,
    port: link?.udpPort ?? tunnel.udpPort,
    ...(node === undefined ? {} : { node }),
  };
}

/** A copy for each host. */
function toAll(walk: SwitchWalk, opening: Opening, network: OverlayNetwork, vteps: readonly Ip[]): Passage {
  const branches = vteps.map(
    (vtep): Branch => ({
      walk: { ...walk, tunnel: encapsulation(walk.scene, network, vtep) },
      to: "underlay.out",
    }),
  );
  const value = `a copy to ${vteps.length === 1 ? "the other host" : `each of ${vteps.length} hosts`}`;
  return { kind: "fork", walk, stage: { ...opening, value, decision: "forward" }, branches };
}

function noRow(walk: SwitchWalk, opening: Opening, network: OverlayNetwork, mac: Mac): Passage {
  const { name } = network.switch.tunnel;
  const peer = peerBehind(network, mac);
  const words = directoryWords(network);
  if (peer === undefined)
    return drop(walk, opening, "no row", {
      reason: "no-vtep",
      by: `no row of ${name} tells behind which VTEP ${mac} is, nor does ${words}`,
      remedy: "`vswitch check` names the rows that differ from what is known of the other hosts.",
    });
  return drop(walk, opening, "no row", {
    reason: "no-vtep",
    by: `${words} says that ${mac} is behind ${vtepWords(network, peer.vtep)}, and ${name} has no such row`,
    remedy: `\`vswitch repair\` writes the rows of the other hosts of network ${network.name} again.`,
  });
}
