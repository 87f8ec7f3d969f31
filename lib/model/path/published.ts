/** Published ports: where a packet for an address of the host is sent on to a container. */
import { type Ip, ipFamily, isUnspecified } from "../../addr/ip.ts";
import { contains, hostPrefix } from "../../addr/prefix.ts";
import { formatPolicy } from "../../policy/format-policy.ts";
import { hasPorts, IPPROTO } from "../../policy/packet.ts";
import { policiesOf } from "../../policy/policy.ts";
import type { PortMapping } from "../../policy/port-mapping.ts";
import type { Plan } from "../plan.ts";
import type { Scene } from "../scene.ts";
import { addressCell, rangeCell, valueCell } from "./consulted.ts";
import { byEndpoint, hostPlace, kernel, localPrefixes } from "./find.ts";
import { formatSocket, protocolName } from "./format-flow.ts";
import { ask, type Opening, type Passage, pass, skip } from "./layer.ts";
import type { StageId } from "./trace.ts";
import { consult, type IpWalk, rewrite } from "./walk.ts";

export interface Published {
  readonly mapping: PortMapping;
  readonly endpoint: Plan;
}

export function publishedPorts({ endpoints }: Scene): readonly Published[] {
  return endpoints.flatMap((endpoint) =>
    policiesOf(endpoint.port.policies, "PortMapping").map((mapping) => ({ mapping, endpoint })),
  );
}

/** Sends the packet on, where its destination is the host's and the port is published; one address stands above all. */
export function sendToPublished(
  walk: IpWalk,
  id: Extract<StageId, "host.nat.prerouting" | "host.nat.output">,
): Passage {
  const { destination, protocol, destinationPort } = walk.packet;
  const all = publishedPorts(walk.scene);
  if (all.length === 0) return skip(walk);
  const local = localPrefixes(walk.scene);
  const single = all.flatMap(({ mapping: { hostIp } }) => (hostIp === undefined ? [] : [hostPrefix(hostIp)]));
  const asked = consult(walk, {
    destination: addressCell(destination, [...local, ...single]),
    protocol: valueCell(protocol),
  });
  if (!hasPorts(protocol) || !local.some((prefix) => contains(prefix, destination))) return skip(asked);
  const fitting = all.filter(({ mapping }) => fits(mapping, destination, protocol));
  const opening: Opening = {
    id,
    where: hostPlace,
    object: "published ports",
    key: `${protocolName(protocol)} ${formatSocket(destination, destinationPort)}`,
    writer: kernel,
  };
  if (destinationPort === undefined)
    return fitting.length === 0 ? skip(asked) : askPort(asked, opening, fitting);
  const ports = fitting.map(({ mapping: { hostPort } }) => ({ first: hostPort, last: hostPort }));
  const looked = consult(asked, { destinationPort: rangeCell(destinationPort, ports) });
  const hits = fitting.filter(({ mapping }) => mapping.hostPort === destinationPort);
  const hit = hits.find(({ mapping }) => !isAny(mapping)) ?? hits[0];
  if (hit === undefined) return pass(looked, opening, "not published");
  const { address, containerPort } = hit.mapping;
  const sent = rewrite(looked, { destination: address, destinationPort: containerPort });
  const value = formatPolicy(hit.mapping);
  return pass({ ...sent, dnat: true }, { ...opening, writer: byEndpoint(hit.endpoint) }, value, "rewrite");
}

function askPort(walk: IpWalk, opening: Opening, fitting: readonly Published[]): Passage {
  const ports = [...new Set(fitting.map(({ mapping }) => mapping.hostPort))].toSorted((a, b) => a - b);
  return ask(walk, opening, `the destination port: published are ${ports.slice(0, 10).join(", ")}`);
}

const isAny = ({ hostIp }: PortMapping): boolean => hostIp === undefined || isUnspecified(hostIp);

function fits(mapping: PortMapping, destination: Ip, protocol: number): boolean {
  return (
    IPPROTO[mapping.protocol] === protocol &&
    ipFamily(mapping.address) === ipFamily(destination) &&
    (isAny(mapping) || mapping.hostIp === destination)
  );
}
