/** Blocks whose node the directory does not know, or knows in another epoch than that of the claim. */
import type { Complaint } from "./complaint.ts";
import type { AnyNode } from "./known.ts";
import type { Gathering } from "./memo.ts";
import type { BlockRecord } from "./records.ts";
import type { Block } from "./settle-blocks.ts";
import type { Entry } from "./state.ts";

export interface StrayBlocks extends Gathering<Entry<AnyNode>> {
  complaints(): readonly Complaint[];
}

type Claimed = Block & { readonly entry: Entry<BlockRecord> };

export function strayBlocks(blocks: readonly Block[]): StrayBlocks {
  const owned = Map.groupBy(blocks.filter(isClaimed), ({ owner }) => owner);
  /** By uid of the owner; before any node is known all are stray. */
  const stray = new Map<string, Entry<AnyNode> | undefined>([...owned.keys()].map((uid) => [uid, undefined]));
  return {
    put(node) {
      const { uid, epoch } = node.record;
      const blocks = owned.get(uid);
      if (blocks === undefined) return;
      if (blocks.every(({ entry }) => entry.record.epoch === epoch)) stray.delete(uid);
      else stray.set(uid, node);
    },
    remove({ record: { uid } }) {
      if (owned.has(uid)) stray.set(uid, undefined);
    },
    complaints: () =>
      [...stray].flatMap(([uid, node]) => owned.get(uid)?.flatMap((block) => complaintOf(block, node)) ?? []),
  };
}

const isClaimed = (block: Block): block is Claimed => block.entry !== undefined;

function complaintOf(
  { cidr, owner, entry }: Claimed,
  node: Entry<AnyNode> | undefined,
): readonly Complaint[] {
  if (node === undefined)
    return [
      {
        code: "node-unknown",
        about: entry.key,
        text: `block ${cidr} is node ${owner}'s, which the directory does not know: it is not routed`,
        remedy: "Start that node's agent; if the node is gone for good, delete the block's key.",
      },
    ];
  const { name, epoch } = node.record;
  if (epoch === entry.record.epoch) return [];
  return [
    {
      code: "block-epoch",
      about: entry.key,
      text: `block ${cidr} was claimed by node ${name} in epoch ${entry.record.epoch}, which is in ${epoch} now: it may have been taken from it`,
      remedy:
        "That node's agent claims it again, or lets go of it, when it is restarted; a node that is gone for good loses it when the key is deleted.",
    },
  ];
}
