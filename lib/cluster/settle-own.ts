/** Which of the blocks that the state file knows are this host's by the directory. Pure. */
import type { Prefix } from "../addr/prefix.ts";
import type { BlockRecord } from "../directory/records.ts";
import type { Int64 } from "../etcd/etcd.ts";
import type { Seen } from "./seen.ts";
import type { View } from "./view.ts";

export interface OwnedBlock {
  readonly prefix: Prefix;
  /** Of its record: while it is this one, the block is this host's. */
  readonly revision: Int64;
}

export interface OwnBlocks {
  readonly held: readonly OwnedBlock[];
  /** Claimed in an epoch that is over: somebody is about to give them away. They are this host's once it has claimed them anew. */
  readonly stale: readonly (readonly [Prefix, Seen<BlockRecord>])[];
  readonly lost: readonly LostTo[];
  /** This host's by the directory, in this epoch, and not known: its state file was lost, or an answer was. */
  readonly unknown: readonly (readonly [Prefix, Seen<BlockRecord>])[];
}

export interface LostTo {
  readonly prefix: Prefix;
  /** Uid; absent: nobody's. */
  readonly owner?: string;
}

/** @param epoch of the host's record as it shall be */
export function settleOwn(
  known: readonly Prefix[],
  { blocks }: Pick<View, "blocks">,
  { uid, epoch }: { readonly uid: string; readonly epoch: number },
): OwnBlocks {
  const held: OwnedBlock[] = [];
  const stale: [Prefix, Seen<BlockRecord>][] = [];
  const lost: LostTo[] = [];
  const unknown: [Prefix, Seen<BlockRecord>][] = [];
  for (const prefix of known) {
    const block = blocks.get(prefix);
    const owner = block?.record.owner;
    if (block === undefined || owner !== uid)
      lost.push({ prefix, ...(owner === undefined ? {} : { owner }) });
    else if (block.record.epoch === epoch) held.push({ prefix, revision: block.modRevision });
    else stale.push([prefix, block]);
  }
  for (const [prefix, block] of blocks) {
    const isOurs = block.record.owner === uid && block.record.epoch === epoch;
    if (isOurs && !known.includes(prefix)) unknown.push([prefix, block]);
  }
  return { held, stale, lost, unknown };
}
