/** Published ports, for what comes to the host from beyond it or from a container. */
import { isLoopback } from "../../../addr/ip.ts";
import { prefixAddress } from "../../../addr/prefix.ts";
import { bridgeFiltered } from "../bridge-filter.ts";
import { addressCell } from "../consulted.ts";
import { endpointsOn, networkOfSwitch } from "../find.ts";
import { loopbacks } from "../groups.ts";
import { drop, ipLayer, type Passage, skip } from "../layer.ts";
import { sendToPublished } from "../published.ts";
import { consult } from "../walk.ts";

export const hostNatPrerouting = ipLayer((walk) => {
  const { destination } = walk.packet;
  // 127/8 and ::1 are the host's own: what comes from beyond it is not sent on.
  if (isLoopback(destination))
    return skip(consult(walk, { destination: addressCell(destination, loopbacks) }));
  const sent = sendToPublished(walk, "host.nat.prerouting");
  return bridgeFiltered(walk) && sent.kind === "on" && sent.walk.dnat ? onOneSwitch(sent) : sent;
});

/**
 * With br_netfilter on, the switch itself carries what goes from one of its ports to another's published port: isolated
 * ports are then isolated from that, too.
 */
function onOneSwitch(sent: Extract<Passage, { readonly kind: "on" }>): Passage {
  const { walk, stage } = sent;
  const network = networkOfSwitch(walk.scene, walk.in);
  if (network?.switch.isolated !== true || stage === undefined || walk.packet.kind !== "ip") return sent;
  const { destination } = walk.packet;
  const holds = endpointsOn(walk.scene, network).some(({ vnic }) =>
    vnic.addresses.some((address) => prefixAddress(address) === destination),
  );
  if (!holds) return sent;
  return drop(walk, stage, stage.value, {
    reason: "isolated",
    by: `network ${network.name} is isolated, and br_netfilter lets its switch carry what goes to a published port`,
    remedy:
      "`sysctl net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0`, where nothing else needs it.",
  });
}
