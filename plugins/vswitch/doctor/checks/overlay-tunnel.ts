/** Tunnels of overlay networks: there, up, alone at their port, and as fast as they can be. */

import { findInterface } from "../../../../lib/model/path/find.ts";
import { tunnelFault } from "../../../../lib/model/path/link.ts";
import { type OverlayNetwork, overlayNetworks } from "../../../../lib/model/path/remote.ts";
import type { Scene } from "../../../../lib/model/scene.ts";
import type { Check } from "../check.ts";
import { type Complaint, error, warning } from "../finding.ts";

export const overlayTunnel: Check = {
  id: "overlay-tunnel",
  needs: ["state", "network"],
  fine: "each overlay network has its tunnel",
  find: ({ scene }) =>
    overlayNetworks(scene)
      .filter(({ name }) => scene.endpoints.some(({ owner }) => owner.network === name))
      .flatMap((network) => [
        ...ofLink(scene, network),
        ...ofRivals(scene, network),
        ...ofChecksums(scene, network),
        ...ofDirectory(network),
      ]),
};

function ofLink(scene: Scene, network: OverlayNetwork): readonly Complaint[] {
  const fault = tunnelFault(scene, network);
  if (fault === undefined) return [];
  return [
    error(`overlay network ${network.name} does not reach its other hosts`, {
      seen: [fault.by],
      remedy: "put its tunnel back",
      commands: [`vswitch repair ${network.name}`],
    }),
  ];
}

/** The kernel has one tunnel for a VNI at a port: another one keeps ours from being made. */
function ofRivals({ host }: Scene, { name, switch: { vni, tunnel } }: OverlayNetwork): readonly Complaint[] {
  const rivals = host.interfaces.filter(
    ({ name: link, vxlan }) => link !== tunnel.name && vxlan?.vni === vni && vxlan.udpPort === tunnel.udpPort,
  );
  return rivals.map((rival) =>
    error(`${rival.name} receives what is for overlay network ${name}`, {
      seen: [`${rival.name} has VNI ${vni} at UDP port ${tunnel.udpPort}, as the network`],
      remedy: "remove it, or choose another vni or udpPort on all hosts of the network",
      commands: [`ip link delete ${rival.name}`, `vswitch repair ${name}`],
    }),
  );
}

function ofChecksums(scene: Scene, { name, switch: { tunnel } }: OverlayNetwork): readonly Complaint[] {
  const late = findInterface(scene, tunnel.name)?.vxlan?.lateChecksums;
  if (late !== false || tunnel.checksums === "early") return [];
  return [
    warning(
      `${tunnel.name} of overlay network ${name} makes checksums early: a fifth of its throughput is left`,
      {
        seen: [
          "tx checksum offload is off, and segmentation offload with it; the configuration does not ask for that",
        ],
        remedy: 'turn it on; where checksums come out wrong, "txChecksumOffload": false keeps it off',
        commands: [`ethtool -K ${tunnel.name} tx on`],
      },
    ),
  ];
}

function ofDirectory({ name, directory }: OverlayNetwork): readonly Complaint[] {
  if (directory?.followed !== false) return [];
  return [
    warning(`nobody follows the directory of overlay network ${name}`, {
      seen: [
        `what is known of its hosts is of ${directory.type}, revision ${directory.revision}`,
        "no vswitch agent runs: hosts and subnets that come or go are not seen, and this host announces nothing",
      ],
      remedy: "run the agent",
      commands: ["systemctl enable --now vswitch-agent"],
    }),
  ];
}
