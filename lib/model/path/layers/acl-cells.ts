/** How much of a packet's fields an ACL decision looked at: addresses by prefix, ports by range. */
import { ipFamily } from "../../../addr/ip.ts";
import type { Acl, AclDecision, AclDirection } from "../../../policy/acl.ts";
import { IPPROTO, type IpPacket, type Packet } from "../../../policy/packet.ts";
import { addressCell, rangeCell } from "../consulted.ts";
import type { Cells } from "../look.ts";
import type { ConnectionState } from "../trace.ts";

/** Which fields of a packet are the container's own, and which the other end's. */
export const aclFields = {
  Out: { local: "source", remote: "destination", localPort: "sourcePort", remotePort: "destinationPort" },
  In: { local: "destination", remote: "source", localPort: "destinationPort", remotePort: "sourcePort" },
} as const;

/** @param rules of the direction; the decision compares fields with theirs and with nothing else */
export function aclCells(
  rules: readonly Acl[],
  packet: Packet,
  direction: AclDirection,
  state: ConnectionState,
  by?: AclDecision["by"],
): Cells {
  if (packet.kind !== "ip") return {};
  const { local, remote, localPort, remotePort } = aclFields[direction];
  const isIcmp = packet.protocol === IPPROTO.icmp || packet.protocol === IPPROTO.icmp6;
  const icmp = isIcmp ? {} : { icmpType: undefined, about: undefined };
  // An answer is one whatever its ends are: the state says that they are the known ones.
  if (by === "flow")
    return {
      source: undefined,
      destination: undefined,
      sourcePort: undefined,
      destinationPort: undefined,
      ...icmp,
    };
  const far = rules.flatMap((rule) => rule.remoteAddresses);
  return {
    [local]: addressCell(packet[local], []),
    [remote]: addressCell(packet[remote], far),
    [localPort]: portCell(
      packet[localPort],
      rules.flatMap((rule) => rule.localPorts),
    ),
    [remotePort]: portCell(
      packet[remotePort],
      rules.flatMap((rule) => rule.remotePorts),
    ),
    ...icmp,
    ...(state === "new" && isProtocolIdle(rules, packet) ? { protocol: undefined } : {}),
  };
}

/** A port that is not known was not needed. */
const portCell = (port: number | undefined, ranges: Parameters<typeof rangeCell>[1]) =>
  port === undefined ? undefined : rangeCell(port, ranges);

/** Of IPv6 it tells neighbour discovery, and of an established connection what an answer is. */
const isProtocolIdle = (rules: readonly Acl[], { source }: IpPacket): boolean =>
  ipFamily(source) === 4 &&
  rules.every(
    ({ protocols, localPorts, remotePorts }) =>
      protocols.length + localPorts.length + remotePorts.length === 0,
  );
