/** How answers find back: the reply path is not traced, but what becomes of addresses on it is known. */
import type { Ip } from "../../addr/ip.ts";
import { prefixAddress } from "../../addr/prefix.ts";
import type { IpPacket } from "../../policy/packet.ts";
import type { Plan } from "../plan.ts";
import { formatSocket } from "./format-flow.ts";
import { isMulticast } from "./groups.ts";
import { choosesAddresses } from "./guest.ts";
import { isOverlayNetwork } from "./remote.ts";
import { bestRoute, vnicRoutes } from "./routes.ts";
import type { Leaves, Stage, Verdict } from "./trace.ts";
import type { Walk } from "./walk.ts";

/** In sentences; none where nothing answers. */
export function repliesTo(walk: Walk, verdict: Verdict, stages: readonly Stage[]): readonly string[] {
  if (verdict.kind === "perhaps") return repliesTo(walk, verdict.otherwise, stages);
  const { origin } = walk;
  const arrives = verdict.kind === "delivered" || verdict.kind === "leaves";
  if (!arrives || verdict.packet.kind !== "ip" || origin.kind !== "ip") return [];
  if (verdict.kind === "delivered" && verdict.to.kind === "group") return [];
  const { packet } = verdict;
  // Whoever is asked for answers from its own address.
  if (isMulticast(packet.destination)) return [];
  const lost = verdict.kind === "leaves" ? lostBeyond(walk, verdict) : undefined;
  if (lost !== undefined) return [lost];
  const back = translations(origin, packet);
  const way =
    back.length > 0 ? back : [`They come from ${packet.destination} to ${packet.source} as they are.`];
  const to = verdict.kind === "delivered" && verdict.to.kind === "endpoint" ? walk.endpoint : undefined;
  return [...way, ...wayBack(to, packet.source), ...acls(stages)];
}

/** In the mode `stretched` each host has the network's gateways, and answers to them stay where they are. */
function lostBeyond({ network }: Walk, { packet, tunnel }: Leaves): string | undefined {
  if (tunnel === undefined || network === undefined || packet.kind !== "ip") return undefined;
  const { source } = packet;
  const { gateways } = network.switch;
  const isShared = isOverlayNetwork(network) && network.switch.mode === "stretched";
  if (!isShared || !gateways.some((gateway) => prefixAddress(gateway) === source)) return undefined;
  return `They go to ${source}, which ${tunnel.node ?? "the other host"} has as well: they are lost. Call it from a container of network ${network.name}.`;
}

/** Connection tracking undoes on answers what was done to the first packet. */
function translations(origin: IpPacket, packet: IpPacket): readonly string[] {
  const said: string[] = [];
  if (packet.source !== origin.source)
    said.push(
      `They go to ${packet.source}; the host's connection tracking sends them on to ${origin.source}.`,
    );
  if (packet.destination !== origin.destination) {
    const real = formatSocket(packet.destination, packet.destinationPort);
    const called = formatSocket(origin.destination, origin.destinationPort);
    said.push(`They come from ${real}; the host's connection tracking makes it ${called} again.`);
  }
  return said;
}

function wayBack(endpoint: Plan | undefined, source: Ip): readonly string[] {
  if (endpoint === undefined || choosesAddresses(endpoint)) return [];
  const own = endpoint.vnic.addresses.some((address) => prefixAddress(address) === source);
  const isKnown = own || bestRoute(vnicRoutes(endpoint), source) !== undefined;
  if (isKnown || isMulticast(source)) return [];
  return [`The container has no route to ${source}: they are lost. Give the network a route there.`];
}

/** A port with ACLs knows them by the flow that it let pass. */
function acls(stages: readonly Stage[]): readonly string[] {
  const judged = stages.some(({ id }) => id === "port.acl.out" || id === "port.acl.in");
  return judged ? ["Ports with ACLs let them pass: they belong to a flow that was allowed."] : [];
}
