/** Nodes and networks of a directory, for people. Pure. */
import type { NetworkView, NodeView, Overview } from "../../../lib/cluster/overview.ts";
import { formatTable } from "../format.ts";

export function formatNodes(nodes: readonly NodeView[], nowMs: number): string {
  if (nodes.length === 0) return "no node has published itself";
  const head = ["NODE", "UID", "TUNNEL", "AGENT", "EPOCH", "BLOCKS"];
  const rows = nodes.map(({ name, uid, vtep, aliveSinceMs, epoch, blocks, staleBlocks }) => [
    name,
    uid,
    vtep ?? "-",
    aliveSinceMs === undefined ? "-" : `alive for ${formatAge(nowMs - aliveSinceMs)}`,
    `${epoch}`,
    staleBlocks === 0 ? `${blocks}` : `${blocks} (${staleBlocks} of an older epoch)`,
  ]);
  return formatTable([head, ...rows]);
}

export function formatNetworks(networks: readonly NetworkView[]): string {
  if (networks.length === 0) return "no network is known";
  const head = ["NETWORK", "VNI", "MODE", "CIDRS", "BLOCKS", "RESERVED", "FIXED", "HOSTS"];
  const rows = networks.map(({ name, vni, mode, cidrs, blocks, claimed, reserved, fixed, hosts }) => [
    name,
    `${vni ?? "-"}`,
    mode,
    cidrs.join(","),
    `${claimed} of ${blocks}`,
    `${reserved}`,
    `${fixed}`,
    `${hosts}`,
  ]);
  return formatTable([head, ...rows]);
}

export const formatFaults = (faults: Overview["faults"]): readonly string[] =>
  faults.map(({ key, why }) => `vswitch: ${key} cannot be read: ${why}`);

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
] as const;

function formatAge(ms: number): string {
  const [unit, length] = units.find(([, each]) => ms >= each) ?? ["s", 1000];
  return `${Math.max(0, Math.floor(ms / length))} ${unit}`;
}
