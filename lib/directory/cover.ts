/**
 * Tunnel addresses within blocks. A route to such a block would send the tunnel's own packets into the tunnel, so one of the two
 * is left out: the younger, and a node's own block before the node.
 */
import type { Ip } from "../addr/ip.ts";
import { type Admission, byAge } from "./admit-nodes.ts";
import { isHost, type Named } from "./claim-index.ts";
import type { Complaint } from "./complaint.ts";
import type { AnyNode } from "./known.ts";
import type { Gathering, Memo } from "./memo.ts";
import { compareRevisions } from "./revision.ts";
import type { Block } from "./settle-blocks.ts";
import { compareSpans, spanOfAddress } from "./span.ts";
import type { Entry } from "./state.ts";

export interface Covered {
  /** Blocks that are not routed. */
  readonly blocks: ReadonlyMap<Block, Complaint>;
  /** Nodes that are left out, by uid. */
  readonly nodes: ReadonlyMap<string, Complaint>;
}

/**
 * @param blocks of all networks that are routed here, by network: the same arrays while nothing of them has changed
 * @param isRouted whether a block would be, or is this host's own
 * @param nodes of the directory
 */
export function findCovered(
  blocks: readonly (readonly Block[])[],
  isRouted: (block: Block) => boolean,
  nodes: ReadonlyMap<string, Entry<AnyNode>>,
  { admitted }: Admission,
  uid: string,
  memo: Memo,
): Covered {
  const sorted = memo.once("spans", blocks, () => sortBlocks(blocks.flat()));
  const { within } = memo.gather("nodes within blocks", nodes, sorted, () => withinBlocks(sorted));
  const pairs = [...within].flatMap(([nodeUid, around]) => {
    const node = admitted(nodeUid);
    return node === undefined ? [] : around.filter(isRouted).map((block) => [block, node] as const);
  });
  pairs.sort(([x, { entry: a }], [y, { entry: b }]) => compareSpans(x.span, y.span) || byAge(a, b));
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

interface WithinBlocks extends Gathering<Entry<AnyNode>> {
  /** Blocks that hold a node's tunnel address, by its uid: as a rule none does. */
  readonly within: ReadonlyMap<string, readonly Block[]>;
}

function withinBlocks(sorted: Readonly<Record<4 | 6, Sorted>>): WithinBlocks {
  const within = new Map<string, readonly Block[]>();
  return {
    within,
    put(entry) {
      const blocks = isHost(entry) ? around(sorted, entry.record.vtep) : [];
      if (blocks.length > 0) within.set(entry.record.uid, blocks);
    },
    remove: ({ record }) => void within.delete(record.uid),
  };
}

interface Sorted {
  /** By their first addresses. */
  readonly blocks: readonly Block[];
  /** The highest last address of a block and of all before it. */
  readonly highest: readonly bigint[];
}

function sortBlocks(all: readonly Block[]): Readonly<Record<4 | 6, Sorted>> {
  const ofFamily = (family: 4 | 6): Sorted => {
    const blocks = all
      .filter(({ span }) => span.family === family)
      .toSorted((a, b) => compareSpans(a.span, b.span));
    let high = -1n;
    const highest = blocks.map(({ span: { last } }) => {
      if (last > high) high = last;
      return high;
    });
    return { blocks, highest };
  };
  return { 4: ofFamily(4), 6: ofFamily(6) };
}

/** All that hold the address. */
function around(sorted: Readonly<Record<4 | 6, Sorted>>, address: Ip): readonly Block[] {
  const { family, first: number } = spanOfAddress(address);
  const { blocks, highest } = sorted[family];
  let [low, high] = [0, blocks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((blocks[middle]?.span.first ?? 0n) <= number) low = middle + 1;
    else high = middle;
  }
  const found: Block[] = [];
  for (let at = low - 1; at >= 0 && (highest[at] ?? -1n) >= number; at--) {
    const block = blocks[at];
    if (block !== undefined && block.span.last >= number) found.push(block);
  }
  return found;
}

function isBlockToBlame({ entry, owner }: Block, node: Named): boolean {
  if (entry === undefined) return false;
  return (
    owner === node.entry.record.uid || compareRevisions(node.entry.createRevision, entry.createRevision) <= 0
  );
}

const blockComplaint = ({ cidr, owner, entry }: Block, { entry: { record, key } }: Named): Complaint => ({
  code: "block-covers-vtep",
  about: entry?.key ?? cidr,
  text: `block ${cidr} of node ${owner} holds ${record.vtep}, the tunnel address of node ${record.name} (${key}): it is not routed`,
  remedy: "Give the network cidrs that are no part of the underlay.",
});

const nodeComplaint = ({ cidr, owner }: Block, { entry: { record, key } }: Named): Complaint => ({
  code: "node-vtep-covered",
  about: key,
  text: `node ${record.name} says that its tunnel address is ${record.vtep}, which is in block ${cidr} of node ${owner}: it is left out`,
  remedy: "Give that host's networks a `vtep` that is an address of the underlay.",
});
