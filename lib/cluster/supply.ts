/** What an ADD lacks, from the directory: a block with room, an address that was asked for, or that its blocks are its own. */
import type { Family } from "../addr/ip.ts";
import type { Identity } from "../directory/identity.ts";
import type { NetworkRecord } from "../directory/records.ts";
import type { Etcd } from "../etcd/etcd.ts";
import type { Store } from "../state/store.ts";
import { claimFree } from "./claim.ts";
import { joined } from "./draft.ts";
import { draftNetwork } from "./draft-network.ts";
import { draftNode } from "./draft-node.ts";
import { makeNetwork } from "./ensure-network.ts";
import { claimAddress, type FixedRequest } from "./fixed-address.ts";
import { isClaimed } from "./fixed-age.ts";
import type { Pool } from "./pool.ts";
import { repeated } from "./repeated.ts";
import { hasRoom, isInOwnBlock } from "./room.ts";
import { type Beside, type LostBlock, settle, type Work } from "./settle.ts";
import { tunnelRivals } from "./tunnel-rivals.ts";
import type { View } from "./view.ts";

export interface Supplying {
  readonly etcd: Etcd;
  readonly pool: Pool;
  /** What the directory shall say of the network, and of this host. */
  readonly record: NetworkRecord;
  readonly identity: Identity;
  readonly store: Store;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly warn: (text: string) => void;
  /** Families of which a container needs an address. */
  readonly families: readonly Family[];
  readonly fixed?: FixedRequest;
}

/**
 * Publishes host and network too: others reach this one with no agent here. Blocks that were lost are said.
 *
 * @throws {CniError} 102 no free block, 103 the address is somebody's, 108 the network differs, and as `publishNode`
 * @throws {EtcdError}
 */
export async function supply(supplying: Supplying): Promise<void> {
  const { etcd, pool, store, identity, record, now, families, fixed } = supplying;
  const told = new Set<string>();
  const warn = (text: string): void => {
    if (!told.has(text)) supplying.warn(text);
    told.add(text);
  };
  // To who has never asked the network is new, perhaps to all: then it is made by the call that asks.
  const isNew = store.pools.get(pool.network) === undefined;
  const nobodys = { network: undefined, vni: undefined };
  const work: Work = {
    ...{ etcd, pool, uid: identity.uid, store, now },
    ...(isNew ? { first: draftNetwork(pool.access.prefix, pool.network, record, nobodys) } : {}),
    ...(record.vni === undefined ? {} : { vni: record.vni }),
    beside: (view) => drafts(supplying, view, warn),
  };
  await repeated(`network ${pool.network}`, async () => {
    const ground = await settle(work, { all: families.length > 0 || fixed !== undefined });
    for (const lost of ground.lost) warn(formatLost(pool.network, lost));
    const lacks = (family: Family) => !hasRoom(store, pool, family);
    if (fixed !== undefined && !isAtHand(work, fixed)) {
      await claimAddress(work, ground, fixed);
      return undefined;
    }
    const family = families.find(lacks);
    if (family !== undefined) {
      const claimed = await claimFree(work, ground, family);
      return claimed !== undefined && !families.some((other) => other !== family && lacks(other))
        ? true
        : undefined;
    }
    // What nobody has written yet: with a claim it goes into one transaction.
    const { compares, writes } = ground.beside;
    return writes.length === 0 || (await etcd.txn(compares, writes)).succeeded || undefined;
  });
}

async function drafts(
  { etcd, pool, identity, record }: Supplying,
  view: View,
  warn: (text: string) => void,
): Promise<Beside> {
  const { prefix } = pool.access;
  const node = draftNode(prefix, identity, view);
  // Before any claim: where many hosts begin at once, the claims of all but one would fail by it.
  const keys = await makeNetwork(etcd, prefix, pool.network, record, view);
  const network = draftNetwork(prefix, pool.network, record, keys);
  const { vtep, epoch } = node.record;
  if (node.movesTunnel && vtep !== undefined)
    for (const text of await tunnelRivals(etcd, prefix, identity.uid, vtep)) warn(text);
  return { ...joined(node, network), epoch };
}

/** In a block of this host, or claimed by its key. */
function isAtHand({ store, pool, now }: Work, { address, owner }: FixedRequest): boolean {
  const { network } = pool;
  const claim = { key: owner.key, bootId: store.bootId, nowMs: now() };
  return (
    isInOwnBlock(store, pool, address) ||
    isClaimed(store.fixed.get(network, address), store.leases.holder(network, address), claim)
  );
}

export function formatLost(network: string, { block, owner, containers }: LostBlock): string {
  const whose = owner === undefined ? "is nobody's" : `is node ${owner}'s`;
  const who = containers.map(({ containerId, ifname }) => `${containerId} (${ifname})`).join(", ");
  const restart =
    who === "" ? "no container has an address of it" : `restart ${who}, which have addresses of it`;
  return `block ${block} of network ${network} ${whose} by the directory, and no more this host's: ${restart}`;
}
