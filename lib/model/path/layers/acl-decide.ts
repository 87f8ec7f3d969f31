/** What the ACLs of a port say of a packet, new or of an established connection. */
import { prefixAddress } from "../../../addr/prefix.ts";
import {
  type Acl,
  type AclDecision,
  type AclDirection,
  type AclFlow,
  flowOf,
  inOrder,
  judge,
  matches,
  opposite,
} from "../../../policy/acl.ts";
import { hasPorts, type IpPacket, type Packet } from "../../../policy/packet.ts";
import { policiesOf } from "../../../policy/policy.ts";
import type { Plan } from "../../plan.ts";
import type { ConnectionState } from "../trace.ts";
import { aclFields } from "./acl-cells.ts";

export const rulesOf = ({ port }: Plan, direction: AclDirection): readonly Acl[] =>
  policiesOf(port.policies, "ACL").filter((rule) => rule.direction === direction);

/** Of an established connection the port knows the flow. */
export function decide(
  plan: Plan,
  direction: AclDirection,
  packet: Packet,
  state: ConnectionState,
): AclDecision {
  const known = state === "established" && packet.kind === "ip" ? knownFlows(packet, direction) : [];
  const defaults = plan.port.aclDefault ?? { In: "Allow", Out: "Allow" };
  return judge(rulesOf(plan, direction), defaults, ownAddresses(plan), direction, packet, known);
}

/** Its own, and the one that an ICMP error is about. */
function knownFlows(packet: IpPacket, direction: AclDirection): readonly AclFlow[] {
  const { about } = packet;
  const told = about === undefined ? [] : [flowOf(about as IpPacket, opposite(direction))];
  return [flowOf(packet, direction), ...told];
}

const ownAddresses = ({ vnic }: Plan) => vnic.addresses.map(prefixAddress);

/**
 * The port that a rule asks for and the packet does not tell.
 *
 * @returns undefined when the decision does not need it
 */
export function missingPort(
  plan: Plan,
  direction: AclDirection,
  packet: Packet,
): "sourcePort" | "destinationPort" | undefined {
  if (packet.kind !== "ip" || packet.fragment === "later" || !hasPorts(packet.protocol)) return undefined;
  const { localPort, remotePort } = aclFields[direction];
  const isKnown = { local: packet[localPort] !== undefined, remote: packet[remotePort] !== undefined };
  if (isKnown.local && isKnown.remote) return undefined;
  const open = (rule: Acl): Acl => ({
    ...rule,
    ...(isKnown.local ? {} : { localPorts: [] }),
    ...(isKnown.remote ? {} : { remotePorts: [] }),
  });
  const first = inOrder(rulesOf(plan, direction)).find((rule) =>
    matches(open(rule), ownAddresses(plan), packet),
  );
  if (!isKnown.local && (first?.localPorts.length ?? 0) > 0) return localPort;
  return !isKnown.remote && (first?.remotePorts.length ?? 0) > 0 ? remotePort : undefined;
}
