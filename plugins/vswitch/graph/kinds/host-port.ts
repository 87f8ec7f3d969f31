/** Published ports: doors in the host that lead to a container. */
import { type Ip, ipFamily, isUnspecified } from "../../../../lib/addr/ip.ts";
import { prefixFamily } from "../../../../lib/addr/prefix.ts";
import type { Plan } from "../../../../lib/model/plan.ts";
import { policiesOf } from "../../../../lib/policy/policy.ts";
import type { PortMapping } from "../../../../lib/policy/port-mapping.ts";
import type { GraphEdge, GraphNode } from "../graph.ts";
import type { Kind } from "../kind.ts";
import { hostId } from "./host.ts";
import { vnicId } from "./vnic-id.ts";

export const hostPortKind: Kind = {
  layer: "entrance",
  dot: "cds",
  mermaid: [">", "]"],
  part: ({ endpoints }) => {
    const doors = endpoints.flatMap(doorsOf);
    return { nodes: doors.map(nodeOf), edges: doors.map(edgeOf) };
  },
};

/** The same port of both families is one door. */
interface Door {
  readonly plan: Plan;
  readonly mappings: readonly [PortMapping, ...PortMapping[]];
}

function doorsOf(plan: Plan): readonly Door[] {
  const doors = new Map<string, Door>();
  for (const mapping of policiesOf(plan.port.policies, "PortMapping")) {
    const name = `${entrance(mapping)} ${mapping.containerPort}`;
    const known = doors.get(name);
    doors.set(name, { plan, mappings: known === undefined ? [mapping] : [...known.mappings, mapping] });
  }
  return [...doors.values()];
}

const doorId = ({ plan, mappings: [{ containerPort, ...first }] }: Door): string =>
  `hostPort ${plan.key.slice(0, 12)} ${entrance(first)} to ${containerPort}`;

function nodeOf(door: Door): GraphNode {
  const { plan, mappings } = door;
  const [first] = mappings;
  return {
    id: doorId(door),
    kind: "hostPort",
    parent: hostId,
    name: `${entrance(first)}${onlyFamily(plan, mappings)}`,
    lines: [],
    marks: [],
    data: { mappings },
  };
}

function edgeOf(door: Door): GraphEdge {
  const [{ containerPort }] = door.mappings;
  return { kind: "publishes", from: doorId(door), to: vnicId(door.plan), label: `:${containerPort}` };
}

/** `tcp 8080`, or with the address where it is on one alone. */
function entrance({ hostIp, hostPort, protocol }: Omit<PortMapping, "containerPort">): string {
  if (isAny(hostIp)) return `${protocol} ${hostPort}`;
  return `${protocol} ${ipFamily(hostIp) === 6 ? `[${hostIp}]` : hostIp}:${hostPort}`;
}

const isAny = (hostIp: Ip | undefined): hostIp is undefined => hostIp === undefined || isUnspecified(hostIp);

/** Said only where one expects both families. */
function onlyFamily({ vnic }: Plan, mappings: readonly PortMapping[]): string {
  if (!isAny(mappings[0]?.hostIp)) return "";
  const families = new Set(mappings.map(({ address }) => ipFamily(address)));
  const both = new Set(vnic.addresses.map(prefixFamily)).size > 1;
  return both && families.size === 1 ? ` IPv${[...families][0]}` : "";
}
