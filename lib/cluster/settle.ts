/** Brings the state file in line with what the directory says of this host's blocks of one network. */
import type { Prefix } from "../addr/prefix.ts";
import { contains } from "../addr/prefix.ts";
import { formatKey } from "../directory/keys.ts";
import { parseNodeRecord } from "../directory/parse-records.ts";
import type { BlockRecord } from "../directory/records.ts";
import type { Etcd } from "../etcd/etcd.ts";
import type { Owner } from "../model/owner.ts";
import type { Store } from "../state/store.ts";
import { type Draft, joined } from "./draft.ts";
import { blockKeys, draftAdoption } from "./draft-block.ts";
import type { Pool } from "./pool.ts";
import { repeated } from "./repeated.ts";
import { type Seen, seen } from "./seen.ts";
import { type LostTo, type OwnedBlock, settleOwn } from "./settle-own.ts";
import { readView, type View } from "./view.ts";

/** Whose blocks, of which network, and what else goes into each transaction about them. */
export interface Work {
  readonly etcd: Etcd;
  readonly pool: Pool;
  readonly uid: string;
  readonly vni?: number;
  /** Written by the call that looks, where its conditions hold. */
  readonly first?: Draft;
  readonly store: Store;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The records of the host and of the network: as they shall be, and unchanged until then. */
  readonly beside: (view: View) => Promise<Beside>;
}

export interface Beside extends Draft {
  /** Of the host. */
  readonly epoch: number;
}

/** In the state file, but not this host's in the directory (any more): nothing more is given out of it. */
export interface LostBlock {
  readonly block: Prefix;
  /** Name or uid of whose it is now; absent: nobody's. */
  readonly owner?: string;
  /** This host's containers that have addresses of it: they must be restarted. */
  readonly containers: readonly Owner[];
}

export interface Settled {
  readonly view: View;
  readonly beside: Beside;
  /** Known already, or since this call. */
  readonly lost: readonly LostBlock[];
}

/** Each takes two operations of a transaction. */
const batch = 50;

/**
 * Blocks that are this host's by the directory are taken over, each by a transaction in which it is still so.
 *
 * @param options.all whether all blocks of the network are looked at, too
 */
export async function settle(work: Work, options: { readonly all: boolean }): Promise<Settled> {
  const { etcd, pool, uid, store, now } = work;
  return repeated(`network ${pool.network}`, async () => {
    const askedMs = now();
    const known = store.blocks.list(pool.network).map(({ prefix }) => prefix);
    const vni = work.vni === undefined ? {} : { vni: work.vni };
    const first = work.first === undefined ? {} : { first: work.first };
    const view = await readView(etcd, { pool, uid, known, ...vni, ...first, ...options });
    const beside = await work.beside(view);
    const own = settleOwn(known, view, { uid, epoch: beside.epoch });
    const claims = [...own.stale, ...own.unknown];
    if (claims.length > 0) {
      const revision = await adopt(work, beside, claims.slice(0, batch));
      if (revision !== undefined)
        store.transaction(() =>
          note(
            work,
            claims.slice(0, batch).map(([prefix]) => ({ prefix, revision })),
            [],
          ),
        );
      // The host's own record may be another by now.
      return undefined;
    }
    // One write of the file for both.
    store.transaction(() => {
      note(work, own.held, own.lost);
      noteChecked(work, askedMs);
    });
    return { view, beside, lost: await describe(work, own.lost) };
  });
}

async function adopt(
  { etcd, pool, uid }: Work,
  beside: Beside,
  blocks: readonly (readonly [Prefix, Seen<BlockRecord>])[],
): Promise<string | undefined> {
  const drafts = blocks.map(([cidr, block]) =>
    draftAdoption(blockKeys(pool.access.prefix, pool.network, uid, cidr), block, beside.epoch),
  );
  const { compares, writes } = joined(beside, ...drafts);
  const { succeeded, revision } = await etcd.txn(compares, writes);
  return succeeded ? revision : undefined;
}

/** Rows that DEL, GC or an ADD cannot have written in between: whoever changes them holds the lock for claims. */
function note({ store, pool, now }: Work, held: readonly OwnedBlock[], lost: readonly LostTo[]): void {
  const rows = new Map(store.blocks.list(pool.network).map((row) => [row.prefix, row]));
  for (const { prefix, revision } of held) {
    const { lostMs, ...row } = rows.get(prefix) ?? {
      network: pool.network,
      prefix,
      claimedMs: now(),
      lostMs: 0,
    };
    if (lostMs !== undefined || !("revision" in row) || row.revision !== revision)
      store.blocks.put({ ...row, revision });
  }
  for (const { prefix } of lost) {
    const row = rows.get(prefix);
    if (row !== undefined && row.lostMs === undefined) store.blocks.put({ ...row, lostMs: now() });
  }
}

function noteChecked({ store, pool }: Work, askedMs: number): void {
  const { network } = pool;
  store.pools.put({ network, spec: pool, checkedMs: askedMs, triedMs: askedMs, bootId: store.bootId });
}

async function describe({ etcd, pool, store }: Work, lost: readonly LostTo[]): Promise<readonly LostBlock[]> {
  if (lost.length === 0) return [];
  const leases = store.leases.list(pool.network).filter(({ bootId }) => bootId === store.bootId);
  return Promise.all(
    lost.map(async ({ prefix, owner }) => ({
      block: prefix,
      ...(owner === undefined ? {} : { owner: await nameOf(etcd, pool.access.prefix, owner) }),
      containers: leases.filter(({ address }) => contains(prefix, address)),
    })),
  );
}

/** Of a node, for people. @returns its uid where its record is gone */
export async function nameOf(etcd: Etcd, prefix: string, uid: string): Promise<string> {
  const { kvs } = await etcd.range({ key: formatKey(prefix, { kind: "nodes", uid }) });
  return seen(kvs[0], parseNodeRecord)?.record.name ?? uid;
}
