/** With what the rules of other programs compare a packet's fields. */
import type { IpPacket } from "../../policy/packet.ts";
import type { ForeignChain, ForeignCondition, ForeignHook } from "../foreign.ts";
import { addressCell, type Cell, rangeCell } from "./consulted.ts";
import type { Cells } from "./look.ts";

/** Whether anybody filters at the hook, be it of the bridge or of IP. */
export const hasChains = (chains: readonly ForeignChain[], hook: ForeignHook, bridged: boolean): boolean =>
  chains.some(
    ({ table, base }) =>
      base?.hook === hook && base.type === "filter" && table.startsWith("bridge ") === bridged,
  );

/** Rules compare addresses with prefixes and ports with ranges. */
export function foreignCells(chains: readonly ForeignChain[], packet: IpPacket): Cells {
  const conditions = chains.flatMap(({ rules }) => rules.flatMap((rule) => rule.conditions));
  return {
    source: addressCell(packet.source, prefixesOf(conditions, "source")),
    destination: addressCell(packet.destination, prefixesOf(conditions, "destination")),
    ...portCell(conditions, packet, "sourcePort"),
    ...portCell(conditions, packet, "destinationPort"),
  };
}

function prefixesOf(conditions: readonly ForeignCondition[], kind: "source" | "destination") {
  return conditions.flatMap((one) => (one.kind === kind ? one.prefixes : []));
}

/** A port that the packet does not tell may be anything, which is a value of its own. */
function portCell(
  conditions: readonly ForeignCondition[],
  packet: IpPacket,
  kind: "sourcePort" | "destinationPort",
): Readonly<Partial<Record<"sourcePort" | "destinationPort", Cell>>> {
  const port = packet[kind];
  const ranges = conditions.flatMap((one) => (one.kind === kind ? one.ranges : []));
  return port === undefined ? {} : { [kind]: rangeCell(port, ranges) };
}
