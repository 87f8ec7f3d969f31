/** Packets that a container may send and the uplink cannot. */
import type { Scene, SceneNetwork } from "../../../../lib/model/scene.ts";
import { isOverlay } from "../../../../lib/model/switch.ts";
import { shortId } from "../../format.ts";
import type { Check } from "../check.ts";
import { type Complaint, some, warning } from "../finding.ts";
import { familiesOf, uplinksOf } from "../uplinks.ts";

export const mtu: Check = {
  id: "mtu",
  needs: ["state", "network"],
  fine: "no network takes larger packets than the uplink",
  // What a tunnel adds to them is looked at with the underlay.
  find: ({ scene }) =>
    scene.networks
      .filter((network) => !isOverlay(network.switch))
      .flatMap((network) => ofNetwork(scene, network)),
};

function ofNetwork(scene: Scene, network: SceneNetwork): readonly Complaint[] {
  const families = familiesOf(network);
  const ways = uplinksOf(scene).filter(({ family }) => families.includes(family));
  const [narrowest] = ways.map((way) => way.interface).toSorted((a, b) => a.mtu - b.mtu);
  if (narrowest === undefined) return [];
  const { name, mtu: limit } = narrowest;
  const mine = scene.endpoints.filter(({ owner }) => owner.network === network.name);
  const larger = mine.filter(({ vnic }) => vnic.mtu > limit);
  const own = network.switch.mtu;
  if (own <= limit && larger.length === 0) return [];
  const widest = Math.max(own, ...larger.map(({ vnic }) => vnic.mtu));
  return [
    warning(`network ${network.name} takes packets of ${widest} bytes, the uplink ${name} of ${limit}`, {
      seen: [
        `MTU of ${network.switch.name} is ${own}, of ${name} ${limit}`,
        ...some(
          larger.map(
            ({ owner, vnic }) => `MTU of ${owner.ifname} in ${shortId(owner.containerId)} is ${vnic.mtu}`,
          ),
          4,
        ),
      ],
      remedy: `where ICMP is filtered on the way, large transfers hang. Raise the MTU of ${name} if the wire carries it; else write "mtu": ${limit} into the configuration of ${network.name} and start its containers anew`,
      commands: [`ip link set dev ${name} mtu ${widest}`],
    }),
  ];
}
