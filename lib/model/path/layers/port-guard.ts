/** Guard: the port sends only what its container may say of itself. */
import { hostPrefix, prefix } from "../../../addr/prefix.ts";
import { formatPolicy } from "../../../policy/format-policy.ts";
import {
  dhcpClientPorts,
  dhcpServerPort4,
  type Guard,
  type GuardReason,
  guardDrops,
} from "../../../policy/guard.ts";
import { IPPROTO, ND, type Packet } from "../../../policy/packet.ts";
import { policiesOf } from "../../../policy/policy.ts";
import { addressCell, rangeCell } from "../consulted.ts";
import { byEndpoint, portPlace } from "../find.ts";
import { formatFlow } from "../format-flow.ts";
import { atEndpoint, drop, type Opening, pass, skip } from "../layer.ts";
import { type Cells, look } from "../look.ts";

export const portGuard = atEndpoint((walk) => {
  const { endpoint } = walk;
  const [guard] = policiesOf(endpoint.port.policies, "Guard");
  if (guard === undefined) return skip(walk);
  const { walk: asked, found } = look(walk, (packet) => guardDrops(guard, packet), cells(guard, walk.packet));
  const opening: Opening = {
    id: "port.guard",
    where: portPlace(endpoint),
    object: "guard",
    key: claim(walk.packet),
    writer: byEndpoint(endpoint),
  };
  if (found === undefined) return pass(asked, opening, formatPolicy(guard));
  return drop(asked, opening, formatPolicy(guard), {
    reason: found,
    by: `${claims[found](walk.packet, guard)}: ${formatPolicy(guard)}`,
    remedy: remedies[found],
  });
});

const remedies: Readonly<Record<GuardReason, string>> = {
  spoofed:
    'The container must send from its own MAC and addresses; where it shall not, allow the addresses in its guard or set "guard": false.',
  service:
    'Allow the container to be a DHCP server or a router in its guard ("dhcp-server", "router"), or set "guard": false.',
};

const claims: Readonly<Record<GuardReason, (packet: Packet, guard: Guard) => string>> = {
  spoofed: (packet, { mac }) =>
    packet.kind === "other" && packet.sourceMac === mac
      ? `${formatFlow(packet)} may hide any other`
      : `${claim(packet)} is not the container's to claim`,
  service: (packet) => `${formatFlow(packet)} is what a DHCP server or router sends`,
};

/** What the packet says of its sender. */
function claim(packet: Packet): string {
  const { sourceMac } = packet;
  if (packet.kind === "ip") return `${packet.source} at ${sourceMac}`;
  return packet.kind === "arp"
    ? `${packet.senderIp} at ${packet.senderMac}, sent by ${sourceMac}`
    : sourceMac;
}

/** Solicitations and advertisements of neighbours have a target. */
const isClaim = (icmpType: number | undefined): boolean =>
  icmpType === ND.neighbourSolicit || icmpType === ND.neighbourAdvert;

/** The ports by which it knows DHCP. */
const dhcpPorts = [...Object.values(dhcpClientPorts), dhcpServerPort4].map((port) => ({
  first: port,
  last: port,
}));

/** Fields that the guard only compares with what it knows. */
function cells({ addresses }: Guard, packet: Packet): Cells {
  if (packet.kind === "arp") return packet.senderIp === "0.0.0.0" ? {} : { targetIp: undefined };
  if (packet.kind !== "ip") return {};
  const { source, protocol, destinationPort, icmpType } = packet;
  const known = [...addresses.map(hostPrefix), prefix("0.0.0.0/32"), prefix("::/128")];
  return {
    source: addressCell(source, known),
    ...(protocol === IPPROTO.udp && destinationPort !== undefined
      ? { destinationPort: rangeCell(destinationPort, dhcpPorts) }
      : {}),
    ...(protocol === IPPROTO.udp ? {} : { destinationPort: undefined }),
    ...(protocol === IPPROTO.icmp6 ? {} : { icmpType: undefined }),
    ...(protocol === IPPROTO.icmp6 && isClaim(icmpType) ? {} : { target: undefined }),
  };
}
