/** What the model says of a packet, in the words of what is seen of it. */
import type { Trace, Verdict } from "../../lib/model/path/trace.ts";
import { hasPorts } from "../../lib/policy/packet.ts";
import type { Arrival } from "./range.ts";

/** Who should get it, and how it should look there. */
export function expected(verdict: Verdict): readonly string[] {
  switch (verdict.kind) {
    case "delivered": {
      const { to, packet } = verdict;
      if (packet.kind !== "ip") return ["no IP"];
      const { source, destination, protocol } = packet;
      const all = to.kind === "endpoint" ? [to.owner] : to.kind === "host" ? ["host"] : to.members;
      return all
        .map((at) => (at.startsWith("beyond ") ? "outside" : at))
        .map((at) => formatArrival({ ...ports(packet), at, source, destination, protocol }))
        .toSorted();
    }
    case "leaves": {
      const { packet } = verdict;
      if (packet.kind !== "ip") return ["no IP"];
      return [
        formatArrival({
          ...ports(packet),
          at: "outside",
          source: packet.source,
          destination: packet.destination,
          protocol: packet.protocol,
        }),
      ];
    }
    case "dropped":
      return [];
    default:
      return [JSON.stringify(verdict)];
  }
}

const ports = ({ sourcePort = 0, destinationPort = 0 }) => ({ sourcePort, destinationPort });

/** A raw socket of IPv6 tells no addresses. */
export function formatArrival({
  at,
  source,
  destination,
  protocol,
  sourcePort,
  destinationPort,
}: Arrival): string {
  const isBare = /^(\d )?host$/.test(at) && (source.includes(":") || destination.includes(":"));
  const ends = hasPorts(protocol) ? [`:${sourcePort}`, `:${destinationPort}`] : ["", ""];
  const [from, to] = isBare ? ["", ""] : [source, destination];
  return `${at} ${protocol} ${from}${ends[0]} > ${to}${ends[1]}`;
}

export function formatTrace({ stages, verdict }: Trace): string {
  return [
    ...stages.map(
      ({ id, where, object, key, value, decision }) =>
        `  ${id} ${where.name}: ${object} [${key}] ${value} => ${decision}`,
    ),
    `  ${JSON.stringify(verdict)}`,
  ].join("\n");
}
