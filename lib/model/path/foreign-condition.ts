/** Conditions of other programs' rules, in three values: "perhaps" where they are not understood, or the packet is not. */
import { ipFamily } from "../../addr/ip.ts";
import { contains } from "../../addr/prefix.ts";
import { hasPorts, IPPROTO, type IpPacket } from "../../policy/packet.ts";
import type { ForeignCondition } from "../foreign.ts";

/** The packet as one chain sees it. */
export interface RuleView {
  /** "" where there is none. */
  readonly in: string;
  readonly out: string;
  readonly packet: IpPacket;
  readonly state: "new" | "established" | "invalid" | "untracked";
  readonly dnat: boolean;
}

export type Holds = "yes" | "no" | "perhaps";

/** One that does not hold decides, however many are not understood. */
export function holdsAll(conditions: readonly ForeignCondition[], view: RuleView): Holds {
  let all: Holds = "yes";
  for (const condition of conditions) {
    const one = holds(condition, view);
    if (one === "no") return "no";
    if (one === "perhaps") all = "perhaps";
  }
  return all;
}

function holds(condition: ForeignCondition, view: RuleView): Holds {
  const plain = test(condition, view);
  if (plain === "absent") return "no";
  if (!condition.negated || plain === "perhaps") return plain;
  return plain === "yes" ? "no" : "yes";
}

/** "absent": the packet lacks what is asked for, and the rule ends even where it asks for anything else. */
function test(condition: ForeignCondition, view: RuleView): Holds | "absent" {
  const { packet } = view;
  switch (condition.kind) {
    case "in":
    case "out":
      return sure(isNamed(view[condition.kind], condition.interface));
    case "source":
    case "destination":
      return sure(condition.prefixes.some((prefix) => contains(prefix, packet[condition.kind])));
    case "protocol":
      return sure(condition.protocols.includes(packet.protocol));
    case "sourcePort":
    case "destinationPort":
      return portWithin(packet, condition.kind, condition.ranges);
    case "icmpType":
      return ofTransport(packet, packet.icmpType, (type) => condition.types.includes(type));
    case "opens":
      return ofTransport(
        packet,
        packet.protocol === IPPROTO.tcp ? packet.opens === true : undefined,
        (is) => is,
      );
    case "state":
      return sure(condition.states.includes(view.state));
    case "dnat":
      return sure(view.dnat);
    case "family":
      return sure(ipFamily(packet.source) === condition.family);
    case "unknown":
      return "perhaps";
  }
}

const sure = (is: boolean): Holds => (is ? "yes" : "no");

function isNamed(name: string, pattern: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function portWithin(
  packet: IpPacket,
  side: "sourcePort" | "destinationPort",
  ranges: readonly { readonly first: number; readonly last: number }[],
): Holds | "absent" {
  const isIn = (port: number) => ranges.some(({ first, last }) => first <= port && port <= last);
  // A rule that does not ask for the protocol compares whatever stands where ports would be.
  return ofTransport(packet, hasPorts(packet.protocol) ? packet[side] : undefined, isIn);
}

/** Later fragments have no transport header; a field that was not told may be anything. */
function ofTransport<T>(packet: IpPacket, value: T | undefined, is: (value: T) => boolean): Holds | "absent" {
  if (packet.fragment === "later") return "absent";
  return value === undefined ? "perhaps" : sure(is(value));
}
