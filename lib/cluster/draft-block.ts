/** What becomes of a block's record and of its owner's index. Pure. */
import type { Prefix } from "../addr/prefix.ts";
import { formatKey } from "../directory/keys.ts";
import { type BlockRecord, formatRecord } from "../directory/records.ts";
import { absent, unchanged } from "../etcd/conditions.ts";
import type { Compare } from "../etcd/etcd.ts";
import type { Draft } from "./draft.ts";
import type { Seen } from "./seen.ts";

export interface BlockKeys {
  readonly block: string;
  readonly owned: string;
}

export function blockKeys(prefix: string, network: string, uid: string, cidr: Prefix): BlockKeys {
  return {
    block: formatKey(prefix, { kind: "blocks", network, cidr }),
    owned: formatKey(prefix, { kind: "owned", uid, network, cidr }),
  };
}

/** One that nobody has. */
export function draftClaim(keys: BlockKeys, uid: string, epoch: number): Draft {
  return written(keys, { v: 1, owner: uid, epoch }, absent(keys.block));
}

/**
 * One that is the host's already. It is written all the same: a release of it, sent before and not answered, may still come
 * to pass, and fails once the record is another.
 */
export function draftAdoption(
  keys: BlockKeys,
  { key, record, modRevision }: Seen<BlockRecord>,
  epoch: number,
): Draft {
  return written(keys, { ...record, epoch }, unchanged({ key, modRevision }));
}

/** @param modRevision by which the host knows it */
export function draftRelease({ block, owned }: BlockKeys, modRevision: string): Draft {
  return {
    compares: [unchanged({ key: block, modRevision })],
    writes: [
      { kind: "delete", key: block },
      { kind: "delete", key: owned },
    ],
  };
}

function written({ block, owned }: BlockKeys, record: BlockRecord, condition: Compare): Draft {
  return {
    compares: [condition],
    writes: [
      { kind: "put", key: block, value: formatRecord(record) },
      { kind: "put", key: owned, value: formatRecord({ v: 1 }) },
    ],
  };
}
