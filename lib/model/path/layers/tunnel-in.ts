/** What comes out of a tunnel: the outer packet's way in, the filter of its source, and the switch behind it. */
import { contains } from "../../../addr/prefix.ts";
import { valueCell } from "../consulted.ts";
import { byNetwork, findInterface, hostPlace, kernel, localPrefixes } from "../find.ts";
import { isGroupMac } from "../groups.ts";
import { drop, type Layer, type Opening, type Passage, pass, skip } from "../layer.ts";
import { tunnelFault } from "../link.ts";
import {
  byDirectory,
  directoryWords,
  type OverlayNetwork,
  overlayNetworks,
  peerAt,
  tunnelPlace,
} from "../remote.ts";
import type { Encapsulation } from "../trace.ts";
import { onUnderlay, type TunnelWalk } from "../underlay.ts";
import { uplinkPlace } from "../uplink.ts";
import { consult, type Walk } from "../walk.ts";
import { wayTo } from "../way.ts";

export const underlayArrival: Layer = onUnderlay((walk) => {
  const { scene, tunnel } = walk;
  const { source, vtep } = tunnel;
  const way = wayTo(scene, source);
  const from = way.kind === "via" ? way.interface : undefined;
  const opening: Opening = {
    id: "underlay.arrival",
    where: from === undefined ? hostPlace : uplinkPlace(from),
    object: "addresses of the host",
    key: `udp ${source} -> ${vtep}:${tunnel.port}`,
    writer: kernel,
  };
  if (!localPrefixes(scene).some((prefix) => contains(prefix, vtep)))
    return drop(walk, opening, "not its own", {
      reason: "not-its-address",
      by: `this host does not have ${vtep}`,
      remedy: `Mend the sender's directory of network ${tunnel.network}: this host's VTEP is another one.`,
    });
  const link = findInterface(scene, from);
  if (link !== undefined && !link.up)
    return drop(walk, opening, "down", {
      reason: "link-down",
      by: `${link.name} is down`,
      remedy: `\`ip link set ${link.name} up\`.`,
    });
  return pass(from === undefined ? walk : { ...walk, in: from }, opening, "the host's own");
});

/** The kernel has one tunnel for a VNI at a port. */
const networkOf = ({ scene, tunnel }: TunnelWalk): OverlayNetwork | undefined =>
  overlayNetworks(scene).find(
    ({ switch: { vni, tunnel: own } }) => vni === tunnel.vni && own.udpPort === tunnel.port,
  );

/** The layout's chain tunnel_from: packets of a VNI of ours are taken from hosts of its network alone. */
export const tunnelSource: Layer = onUnderlay((walk) => {
  const { source, vni, port } = walk.tunnel;
  const network = networkOf(walk);
  if (network === undefined)
    return drop(
      walk,
      {
        id: "tunnel.source",
        where: hostPlace,
        object: "tunnels of the host",
        key: vniKey(walk.tunnel),
        writer: kernel,
      },
      "none",
      {
        reason: "no-tunnel",
        by: `no network of this host has VNI ${vni} at UDP port ${port}`,
        remedy: `All hosts of network ${walk.tunnel.network} need the same "vni" and "udpPort"; a host without a container on it has no tunnel.`,
      },
    );
  const opening: Opening = {
    id: "tunnel.source",
    where: tunnelPlace(network),
    object: `hosts of network ${network.name}`,
    key: `${source}, VNI ${vni}`,
    writer: byDirectory(network),
  };
  const { sealed, uplink } = network.switch.tunnel;
  if (sealed && walk.in !== uplink)
    return drop(walk, opening, `by ${walk.in ?? "an unknown link"}`, {
      reason: "unsealed",
      by: `network ${network.name} is encrypted: its packets come by ${uplink} alone, and this one came by ${walk.in ?? "an unknown link"}`,
      remedy: `Routes of both hosts must lead from VTEP to VTEP by the link that encrypts.`,
    });
  const peer = peerAt(network, source);
  if (peer !== undefined) return pass(walk, opening, peer.node === source ? "one of them" : peer.node);
  return drop(walk, opening, "none of them", {
    reason: "not-of-the-network",
    by: `${source} is no host of network ${network.name}: ${directoryWords(network)} does not name it`,
    remedy: `Where it is one, name it there: VXLAN of VNI ${vni} is taken from the network's hosts alone.`,
  });
});

const vniKey = ({ vni, port }: Encapsulation): string => `VNI ${vni} at UDP port ${port}`;

export const tunnelIn: Layer = onUnderlay((walk) => {
  const network = networkOf(walk);
  if (network === undefined) return skip(walk);
  const opening: Opening = {
    id: "tunnel.in",
    where: tunnelPlace(network),
    object: "tunnels of the host",
    key: vniKey(walk.tunnel),
    writer: byNetwork(network),
  };
  const fault = tunnelFault(walk.scene, network);
  if (fault !== undefined) return drop(walk, opening, fault.by, fault);
  return network.switch.mode === "stretched"
    ? ontoBridge(walk, opening, network)
    : toHost(walk, opening, network);
});

function ontoBridge(walk: TunnelWalk, opening: Opening, network: OverlayNetwork): Passage {
  const { in: _in, ...rest } = outOfTunnel(walk);
  const { name } = network.switch;
  const entered = network.switch.tunnel.name;
  return pass({ ...rest, network, entered }, opening, `a port of ${name}`, "forward", "tunnel.bridge");
}

/** The link takes frames for its own MAC, and for groups. */
function toHost(walk: TunnelWalk, opening: Opening, network: OverlayNetwork): Passage {
  const { name } = network.switch.tunnel;
  const mac = walk.packet.destinationMac;
  const asked = consult(outOfTunnel(walk), { destinationMac: valueCell(mac) });
  const own = findInterface(walk.scene, name)?.mac;
  if (mac === own || isGroupMac(mac))
    return pass({ ...asked, in: name }, opening, "the host routes it", "forward", "host.in");
  return drop(asked, opening, `its MAC is ${own}`, {
    reason: "no-such-mac",
    by: `the frame inside is for ${mac}, and ${name} has ${own}`,
    remedy: `Mend the sender's directory of network ${walk.tunnel.network}: it must have this host's own MAC.`,
  });
}

function outOfTunnel({ tunnel: _tunnel, ...walk }: TunnelWalk): Walk {
  return walk;
}
