/** What the layers of a port do to a packet, in the order in which they judge. Pure. */
import type { Port } from "../../../lib/model/port.ts";
import {
  type Acl,
  type AclAction,
  type AclDirection,
  inOrder,
  type PortRange,
} from "../../../lib/policy/acl.ts";
import { policiesOf } from "../../../lib/policy/policy.ts";

export interface EffectiveRule {
  readonly priority: number;
  readonly action: AclAction;
  /** `tcp`, `any`. */
  readonly protocol: string;
  /** Of the container. */
  readonly local: string;
  /** Of the other side. */
  readonly remote: string;
  readonly id?: string;
}

/** All ACLs of one direction, and what closes the list. */
export interface EffectiveAcls {
  readonly direction: AclDirection;
  /** In the order in which they are judged: the first that fits decides. */
  readonly rules: readonly EffectiveRule[];
  readonly rest: { readonly action: AclAction; readonly why: string };
}

/** @returns nothing for a port that judges by no ACL */
export function effectiveAcls(port: Port): readonly EffectiveAcls[] {
  const { aclDefault } = port;
  if (aclDefault === undefined) return [];
  const acls = policiesOf(port.policies, "ACL");
  return (["In", "Out"] as const).map((direction) => ({
    direction,
    rules: inOrder(acls.filter((acl) => acl.direction === direction)).map(toRule),
    rest: { action: aclDefault[direction], why: whyRest(aclDefault[direction], acls.length > 0) },
  }));
}

/** HCN: once a port has any ACL, what none of them names is blocked, in both directions. */
function whyRest(action: AclAction, hasAcls: boolean): string {
  const byDefault = "any ACL: the rest is denied";
  if (action === "Block") return hasAcls ? byDefault : "defaultAction of the configuration";
  return hasAcls ? "defaultAction of the configuration" : "no ACL in this direction";
}

function toRule(acl: Acl): EffectiveRule {
  const { priority, action, protocols, localAddresses, localPorts, remoteAddresses, remotePorts, id } = acl;
  return {
    priority,
    action,
    protocol: protocols.map(protocolName).join(",") || "any",
    local: place(localAddresses, localPorts),
    remote: place(remoteAddresses, remotePorts),
    ...(id === undefined ? {} : { id }),
  };
}

function place(addresses: readonly string[], ports: readonly PortRange[]): string {
  const list = ports.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  const words = [...(addresses.length > 0 ? [addresses.join(",")] : [])];
  if (list.length > 0) words.push(`port ${list.join(",")}`);
  return words.join(" ") || "any";
}

/** IANA numbers that have a name which everybody knows. */
const protocolNames: Readonly<Record<number, string>> = {
  1: "icmp",
  6: "tcp",
  17: "udp",
  58: "icmpv6",
  132: "sctp",
};

export const protocolName = (number: number): string => protocolNames[number] ?? `${number}`;
