/** ACLs of a port, judged on the addresses that the container itself sees. */
import type { AclDecision, AclDirection } from "../../../policy/acl.ts";
import { formatAcl } from "../../../policy/format-policy.ts";
import { hasPorts, type Packet } from "../../../policy/packet.ts";
import { valueCell } from "../consulted.ts";
import { byEndpoint, portPlace } from "../find.ts";
import { formatFlow } from "../format-flow.ts";
import { ask, atEndpoint, drop, type Layer, type Opening, pass, skip } from "../layer.ts";
import { look } from "../look.ts";
import { consult, type EndpointWalk } from "../walk.ts";
import { aclCells } from "./acl-cells.ts";
import { decide, missingPort, rulesOf } from "./acl-decide.ts";

export const portAclOut: Layer = portAcl("Out");
export const portAclIn: Layer = portAcl("In");

function portAcl(direction: AclDirection): Layer {
  return atEndpoint((walk) => {
    const { endpoint, packet, state } = walk;
    if (endpoint.port.aclDefault === undefined) return skip(walk);
    const opening: Opening = {
      id: direction === "Out" ? "port.acl.out" : "port.acl.in",
      where: portPlace(endpoint),
      object: `ACL ${direction}`,
      key: formatFlow(packet),
      writer: byEndpoint(endpoint),
    };
    const cells = aclCells(rulesOf(endpoint, direction), packet, direction, state);
    const missing = look(walk, (one) => missingPort(endpoint, direction, one), cells);
    // Of an established connection the flow is known, whatever its ports are.
    if (missing.found === undefined || decide(endpoint, direction, packet, state).by === "flow")
      return decided(missing.walk, opening, direction);
    const opens = packet.kind === "ip" && state === "established" ? valueCell(packet.opens) : undefined;
    const asked = consult(missing.walk, { state: valueCell(state), opens });
    return ask(asked, opening, `the ${portNames[missing.found]}, which an ACL of the port asks for`);
  });
}

const portNames = { sourcePort: "source port", destinationPort: "destination port" } as const;

function decided(walk: EndpointWalk, opening: Opening, direction: AclDirection) {
  const { endpoint, packet, state } = walk;
  const decision = decide(endpoint, direction, packet, state);
  const cells = aclCells(rulesOf(endpoint, direction), packet, direction, state, decision.by);
  const { walk: looked } = look(walk, (one) => decide(endpoint, direction, one, state), cells);
  const asked = dependsOnState(walk, decision) ? consult(looked, { state: valueCell(state) }) : looked;
  const value = describe(decision);
  if (decision.action === "Allow") return pass(asked, opening, value);
  return drop(asked, opening, value, whyNot(decision, direction, walk));
}

/** Whether the packet might fare otherwise in the other state: of an established connection more passes, never less. */
function dependsOnState({ state, packet }: EndpointWalk, { action, by }: AclDecision): boolean {
  return packet.kind === "ip" && (state === "new" ? action === "Block" : by === "flow");
}

function describe({ by, rule, action }: AclDecision): string {
  switch (by) {
    case "rule":
      return rule === undefined ? by : formatAcl(rule);
    case "default":
      return `no ACL names it: ${action}`;
    case "flow":
      return "belongs to a connection that was allowed";
    case "neighbour discovery":
      return "neighbour discovery always passes";
    case "wrapping":
      return "a tag behind a tag, or SNAP: nobody sees what is inside";
  }
}

function whyNot({ rule }: AclDecision, direction: AclDirection, { endpoint, packet }: EndpointWalk) {
  const { name } = endpoint.port;
  if (rule !== undefined)
    return {
      reason: "acl",
      by: `${formatAcl(rule)} of ${name}`,
      remedy: `Allow it by an ACL of a lower priority than ${rule.priority}, or take this one away.`,
    } as const;
  return {
    reason: "acl-default",
    by: `no ACL ${direction} of ${name} allows it, and what none allows is blocked`,
    remedy: `Add an ACL such as ${suggest(packet, direction)}, or let "defaultAction" allow the rest.`,
  } as const;
}

/** The fields of an ACL that would let the packet pass. */
function suggest(packet: Packet, direction: AclDirection): string {
  const rule: Record<string, string> = { Action: "Allow", Direction: direction };
  if (packet.kind === "ip") {
    const { protocol, source, destination, destinationPort } = packet;
    rule.Protocols = `${protocol}`;
    rule.RemoteAddresses = direction === "Out" ? destination : source;
    if (hasPorts(protocol) && destinationPort !== undefined)
      rule[direction === "Out" ? "RemotePorts" : "LocalPorts"] = `${destinationPort}`;
  }
  const fields = Object.entries(rule).map(([name, value]) => `"${name}": "${value}"`);
  return `{${fields.join(", ")}}`;
}
