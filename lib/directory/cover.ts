/**
 * Tunnel addresses within blocks. A route to such a block would send the tunnel's own packets into the tunnel, so one of the two
 * is left out: the younger, and a node's own block before the node.
 */
import { ipFamily, ipNumber } from "../addr/ip.ts";
import type { Admitted } from "./admit-nodes.ts";
import type { Complaint } from "./complaint.ts";
import type { Memo } from "./memo.ts";
import { compareRevisions } from "./revision.ts";
import type { Block } from "./settle-blocks.ts";

export interface Covered {
  /** Blocks that are not routed. */
  readonly blocks: ReadonlyMap<Block, Complaint>;
  /** Nodes that are left out, by uid. */
  readonly nodes: ReadonlyMap<string, Complaint>;
}

/**
 * @param blocks that would be routed from here, and this host's own, of all networks
 * @param nodes that are believed
 */
export function findCovered(
  blocks: readonly Block[],
  nodes: ReadonlyMap<string, Admitted>,
  uid: string,
  memo: Memo,
): Covered {
  const vteps = memo.once("vteps", [nodes], () => sortVteps(nodes, memo));
  const pairs = blocks.flatMap((block) => within(vteps, block).map((node) => [block, node] as const));
  const badBlocks = new Map<Block, Complaint>();
  const badNodes = new Map<string, Complaint>();
  for (const [block, node] of pairs) {
    if (block.owner !== uid && isBlockToBlame(block, node)) badBlocks.set(block, blockComplaint(block, node));
  }
  for (const [block, node] of pairs) {
    if (!badBlocks.has(block)) badNodes.set(node.entry.record.uid, nodeComplaint(block, node));
  }
  return { blocks: badBlocks, nodes: badNodes };
}

interface Vtep {
  readonly number: bigint;
  readonly node: Admitted;
}

function sortVteps(
  nodes: ReadonlyMap<string, Admitted>,
  memo: Memo,
): Readonly<Record<4 | 6, readonly Vtep[]>> {
  const sorted: Record<4 | 6, Vtep[]> = { 4: [], 6: [] };
  for (const node of nodes.values()) {
    const { vtep } = node.entry.record;
    const number = memo.each("vtep", node.entry, () => ipNumber(vtep));
    sorted[ipFamily(vtep)].push({ number, node });
  }
  for (const list of [sorted[4], sorted[6]]) list.sort((a, b) => (a.number < b.number ? -1 : 1));
  return sorted;
}

function within(sorted: Readonly<Record<4 | 6, readonly Vtep[]>>, { span }: Block): readonly Admitted[] {
  const list = sorted[span.family];
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.number ?? 0n) < span.first) low = middle + 1;
    else high = middle;
  }
  const found: Admitted[] = [];
  for (let at = list[low]; at !== undefined && at.number <= span.last; at = list[++low]) found.push(at.node);
  return found;
}

function isBlockToBlame({ entry, owner }: Block, node: Admitted): boolean {
  if (entry === undefined) return false;
  return (
    owner === node.entry.record.uid || compareRevisions(node.entry.createRevision, entry.createRevision) <= 0
  );
}

const blockComplaint = ({ cidr, owner, entry }: Block, { entry: { record, key } }: Admitted): Complaint => ({
  code: "block-covers-vtep",
  about: entry?.key ?? cidr,
  text: `block ${cidr} of node ${owner} holds ${record.vtep}, the tunnel address of node ${record.name} (${key}): it is not routed`,
  remedy: "Give the network cidrs that are no part of the underlay.",
});

const nodeComplaint = ({ cidr, owner }: Block, { entry: { record, key } }: Admitted): Complaint => ({
  code: "node-vtep-covered",
  about: key,
  text: `node ${record.name} says that its tunnel address is ${record.vtep}, which is in block ${cidr} of node ${owner}: it is left out`,
  remedy: "Give that host's networks a `vtep` that is an address of the underlay.",
});
