/**
 * ACL: which packets a port lets in and out, with HCN's fields. "Local" is the endpoint, whichever the direction.
 *
 * Rules are judged by priority, lower first, then in the order in which they stand. Replies to what was allowed pass,
 * and so do ICMP errors about it. ARP and neighbour discovery always pass: without them nothing would.
 */
import { type Ip, ipFamily } from "../addr/ip.ts";
import { contains, type Prefix } from "../addr/prefix.ts";
import { hasPorts, IPPROTO, type IpPacket, isWrapped, ND, type Packet } from "./packet.ts";

export type AclAction = "Allow" | "Block";
/** Seen from the container. */
export type AclDirection = "In" | "Out";

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Empty lists mean "any". */
export interface Acl {
  readonly kind: "ACL";
  readonly action: AclAction;
  readonly direction: AclDirection;
  /** IANA numbers. */
  readonly protocols: readonly number[];
  readonly localAddresses: readonly Prefix[];
  readonly remoteAddresses: readonly Prefix[];
  readonly localPorts: readonly PortRange[];
  readonly remotePorts: readonly PortRange[];
  /** Lower wins. */
  readonly priority: number;
  /** The operator's own name for the rule. */
  readonly id?: string;
}

/** What becomes of packets that no rule names. HCN: once a port has any ACL, they are blocked. */
export type AclDefault = Readonly<Record<AclDirection, AclAction>>;

/** A flow as a port knows it: what was allowed once lets its answers pass. */
export interface AclFlow {
  readonly protocol: number;
  readonly remote: Ip;
  /** 0 for protocols without ports. */
  readonly localPort: number;
  readonly remotePort: number;
}

export interface AclDecision {
  readonly action: AclAction;
  readonly by: "rule" | "default" | "flow" | "neighbour discovery" | "wrapping";
  /** The rule that decided. */
  readonly rule?: Acl;
}

/** In the order in which they are judged. */
export function inOrder(rules: readonly Acl[]): readonly Acl[] {
  return rules.toSorted((a, b) => a.priority - b.priority);
}

/**
 * @param own addresses of the endpoint
 * @param known flows that were allowed before
 */
export function judge(
  rules: readonly Acl[],
  defaults: AclDefault,
  own: readonly Ip[],
  direction: AclDirection,
  packet: Packet,
  known: readonly AclFlow[] = [],
): AclDecision {
  if (packet.kind === "other" && isWrapped(packet)) return { action: "Block", by: "wrapping" };
  if (packet.kind === "arp") return { action: "Allow", by: "neighbour discovery" };
  if (packet.kind === "ip") {
    if (isNeighbourDiscovery(packet)) return { action: "Allow", by: "neighbour discovery" };
    if (isAnswer(packet, direction, known)) return { action: "Allow", by: "flow" };
    const rule = inOrder(rules).find((one) => one.direction === direction && matches(one, own, packet));
    if (rule !== undefined) return { action: rule.action, by: "rule", rule };
  }
  return { action: defaults[direction], by: "default" };
}

/** Whether a rule's fields hold for a packet. A later fragment bears no ports and matches none. */
export function matches(rule: Acl, own: readonly Ip[], packet: IpPacket): boolean {
  if (packet.fragment === "later") return false;
  const { remote, localPort, remotePort } = ends(packet, rule.direction);
  const any = <T>(list: readonly T[], test: (item: T) => boolean): boolean =>
    list.length === 0 || list.some(test);
  return (
    any(rule.protocols, (protocol) => protocol === packet.protocol) &&
    any(rule.remoteAddresses, (prefix) => contains(prefix, remote)) &&
    covers(rule, own, ipFamily(remote)) &&
    any(rule.localPorts, ({ first, last }) => first <= localPort && localPort <= last) &&
    any(rule.remotePorts, ({ first, last }) => first <= remotePort && remotePort <= last)
  );
}

/** Whether a rule's local addresses hold the endpoint's; all of one family are in or out together. */
export function covers({ localAddresses }: Acl, own: readonly Ip[], family: 4 | 6): boolean {
  if (localAddresses.length === 0) return true;
  const ofFamily = own.filter((address) => ipFamily(address) === family);
  return ofFamily.some((address) => localAddresses.some((prefix) => contains(prefix, address)));
}

/** The flow that a packet belongs to, by which it is known as an answer. */
export function flowOf(packet: IpPacket, direction: AclDirection): AclFlow {
  const { remote, localPort, remotePort } = ends(packet, direction);
  if (!hasPorts(packet.protocol) || packet.fragment === "later")
    return { protocol: packet.protocol, remote, localPort: 0, remotePort: 0 };
  return { protocol: packet.protocol, remote, localPort, remotePort };
}

/** The flows by which answers to an allowed packet, and the later pieces of it, are known. */
export function flowsOf(packet: IpPacket, direction: AclDirection): readonly AclFlow[] {
  const flow = flowOf(packet, direction);
  if (isIcmp(packet)) return isQuery(packet) ? [flow] : [];
  return packet.fragment === "first" ? [flow, { ...flow, localPort: 0, remotePort: 0 }] : [flow];
}

function ends(
  packet: Pick<IpPacket, "source" | "destination" | "sourcePort" | "destinationPort">,
  direction: AclDirection,
): { readonly remote: Ip; readonly localPort: number; readonly remotePort: number } {
  const { source, destination, sourcePort = 0, destinationPort = 0 } = packet;
  return direction === "Out"
    ? { remote: destination, localPort: sourcePort, remotePort: destinationPort }
    : { remote: source, localPort: destinationPort, remotePort: sourcePort };
}

/** A packet that opens a TCP connection is judged anew, whatever passed between the two before. */
function isAnswer(packet: IpPacket, direction: AclDirection, known: readonly AclFlow[]): boolean {
  if (packet.opens) return false;
  const same = (a: AclFlow, b: AclFlow): boolean =>
    a.protocol === b.protocol &&
    a.remote === b.remote &&
    a.localPort === b.localPort &&
    a.remotePort === b.remotePort;
  const holds = (flow: AclFlow): boolean => known.some((other) => same(flow, other));
  if (isIcmp(packet) && packet.fragment !== "later") {
    const { about } = packet;
    if (isError(packet)) return about !== undefined && holds(flowOf(about as IpPacket, opposite(direction)));
    return isReply(packet) && holds(flowOf(packet, direction));
  }
  return holds(flowOf(packet, direction));
}

export const opposite = (direction: AclDirection): AclDirection => (direction === "In" ? "Out" : "In");

const isIcmp = ({ protocol }: IpPacket): boolean => protocol === IPPROTO.icmp || protocol === IPPROTO.icmp6;

/** Destination unreachable, time exceeded, parameter problem; of ICMPv6 packet too big also (RFC 792, RFC 4443). */
export const icmpErrors: Readonly<Record<4 | 6, readonly number[]>> = { 4: [3, 11, 12], 6: [1, 2, 3, 4] };
/** Echo reply (RFC 792, RFC 4443). */
export const icmpReplies: Readonly<Record<4 | 6, number>> = { 4: 0, 6: 129 };
/** Echo request (RFC 792, RFC 4443). */
export const icmpQueries: Readonly<Record<4 | 6, number>> = { 4: 8, 6: 128 };
/** Neighbour discovery and multicast listening: types first to last, and the second report of listeners. */
export const alwaysOpen6 = {
  first: ND.listenerQuery,
  last: ND.redirect,
  report: ND.listenerReport2,
} as const;

const isError = (packet: IpPacket): boolean =>
  packet.icmpType !== undefined && icmpErrors[ipFamily(packet.source)].includes(packet.icmpType);

const isReply = (packet: IpPacket): boolean => packet.icmpType === icmpReplies[ipFamily(packet.source)];

const isQuery = (packet: IpPacket): boolean => packet.icmpType === icmpQueries[ipFamily(packet.source)];

function isNeighbourDiscovery({ protocol, icmpType, source }: IpPacket): boolean {
  if (protocol !== IPPROTO.icmp6 || icmpType === undefined || ipFamily(source) !== 6) return false;
  const { first, last, report } = alwaysOpen6;
  return (first <= icmpType && icmpType <= last) || icmpType === report;
}
