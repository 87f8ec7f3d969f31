/** Single addresses of reserved blocks: claimed by their key for the container that asks for one, and given back. */
import type { Ip } from "../addr/ip.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { isGarbage } from "../directory/garbage.ts";
import { folderKey, formatKey, parseKey } from "../directory/keys.ts";
import { parseBlockRecord, parseIpRecord } from "../directory/parse-records.ts";
import { type BlockRecord, formatRecord, type IpRecord } from "../directory/records.ts";
import { absent, unchanged } from "../etcd/conditions.ts";
import type { LeaseOwner } from "../state/rows.ts";
import { blockOf, claimFor } from "./claim.ts";
import { joined } from "./draft.ts";
import { blockKeys } from "./draft-block.ts";
import { isAtWork } from "./fixed-age.ts";
import { readKeys } from "./read-keys.ts";
import { type Seen, seen } from "./seen.ts";
import { nameOf, type Settled, type Work } from "./settle.ts";

export interface FixedRequest {
  readonly address: Ip;
  readonly owner: LeaseOwner;
}

/**
 * Makes an address that is in no block of this host its own: out of a reserved block by a key of its own, out of one that
 * nobody has with the whole block. The state file knows of it when this returns true.
 *
 * @returns false when others have changed what was seen: then look anew
 * @throws {CniError} 103 naming the host that has the block, or the container that has the address
 */
export async function claimAddress(work: Work, ground: Settled, request: FixedRequest): Promise<boolean> {
  const { etcd, pool, uid } = work;
  const { prefix } = pool.access;
  const { address } = request;
  const cidr = blockOf(ground.view.taken, address);
  if (cidr === undefined) return (await claimFor(work, ground, address)) !== undefined;
  const keys = {
    block: blockKeys(prefix, pool.network, uid, cidr).block,
    ip: formatKey(prefix, { kind: "ips", network: pool.network, ip: address }),
  };
  const [ofBlock, ofIp] = await readKeys(etcd, keys.block, keys.ip);
  const block = seen(ofBlock, parseBlockRecord);
  if (block === undefined) return false;
  const { owner } = block.record;
  if (owner === uid) throw oldEpoch(pool.network, address, cidr);
  if (owner !== undefined) throw elsewhere(pool.network, address, cidr, await nameOf(etcd, prefix, owner));
  const held = seen(ofIp, parseIpRecord);
  if (held !== undefined && !isTransferable(work, request, held.record))
    throw taken(address, held.record, await nameOf(etcd, prefix, held.record.node));
  return write(work, ground, request, { key: keys.ip, block, held });
}

/** By this host's own earlier claim: for the same container, or for one that is gone. */
function isTransferable(
  { uid, store, pool }: Work,
  { address, owner }: FixedRequest,
  record: IpRecord,
): boolean {
  if (record.node !== uid) return false;
  const lease = store.leases.holder(pool.network, address);
  return lease === undefined || lease.key === owner.key || lease.bootId !== store.bootId;
}

/**
 * One that is this host's already is written all the same: a release that nobody answered fails then. So is the block: who
 * takes its reservation away has not seen this address yet.
 */
async function write(
  { etcd, pool, uid, store, now }: Work,
  { beside }: Settled,
  { address, owner }: FixedRequest,
  {
    key,
    block,
    held,
  }: { readonly key: string; readonly block: Seen<BlockRecord>; readonly held: Seen<IpRecord> | undefined },
): Promise<boolean> {
  const record: IpRecord = {
    ...held?.record,
    v: 1,
    node: uid,
    container: owner.containerId,
    ifname: owner.ifname,
  };
  const { compares, writes } = joined(beside, {
    compares: [unchanged(block), held === undefined ? absent(key) : unchanged(held)],
    writes: [
      { kind: "put", key, value: formatRecord(record) },
      { kind: "put", key: block.key, value: formatRecord(block.record) },
    ],
  });
  const { succeeded, revision } = await etcd.txn(compares, writes);
  if (succeeded)
    store.fixed.put({ network: pool.network, address, key: owner.key, revision, claimedMs: now() });
  return succeeded;
}

/** Who a row is for that is nobody's any more. */
const nobody = "";

/**
 * Gives back what no container has a lease of: each by the key as it was when it was claimed.
 *
 * @param key only what this one had, however young
 * @throws {EtcdError} the rest is given back by the next call
 */
export async function releaseAddresses(
  { etcd, pool, store, now }: Pick<Work, "etcd" | "pool" | "store" | "now">,
  key?: string,
): Promise<readonly Ip[]> {
  const { network, access } = pool;
  const rows = store.transaction(() =>
    store.fixed.list(network).flatMap((row) => {
      const lease = store.leases.holder(network, row.address);
      const isHeld = lease?.key === row.key && lease.bootId === store.bootId;
      const isDue =
        row.key === nobody || (key === undefined ? !isAtWork(row.claimedMs, now()) : key === row.key);
      if (isHeld || !isDue) return [];
      // From now on no ADD takes it for claimed.
      store.fixed.put({ ...row, key: nobody });
      return [row];
    }),
  );
  for (const { address, revision } of rows) {
    const ip = formatKey(access.prefix, { kind: "ips", network, ip: address });
    // When it is another by now it was claimed anew, or it is gone.
    await etcd.txn([unchanged({ key: ip, modRevision: revision })], [{ kind: "delete", key: ip }]);
    if (store.fixed.get(network, address)?.key === nobody) store.fixed.remove(network, address);
  }
  return rows.map(({ address }) => address);
}

/** What the directory has as this host's and its state file does not know, having been lost. */
export async function recallAddresses({ etcd, pool, uid, store, now }: Work): Promise<void> {
  const { network, access } = pool;
  const { kvs } = await etcd.list(folderKey(access.prefix, "ips", network));
  for (const kv of kvs) {
    const parsed = parseKey(access.prefix, kv.key);
    const record = parseIpRecord(kv.value);
    if (parsed === undefined || !("ip" in parsed) || isGarbage(record) || record.node !== uid) continue;
    const address = parsed.ip;
    store.transaction(() => {
      if (store.fixed.get(network, address) !== undefined) return;
      const key = store.leases.holder(network, address)?.key ?? nobody;
      store.fixed.put({ network, address, key, revision: kv.modRevision, claimedMs: now() });
    });
  }
}

function elsewhere(network: string, address: Ip, block: string, name: string): CniError {
  return new CniError(
    errorCode.addressTaken,
    `network ${network} cannot give ${address} here: it is in block ${block} of node ${name}`,
    {
      reason: "address-elsewhere",
      details: `start the container on ${name}, or ask for an address of a block that is reserved for fixed ones (vswitch network reserve)`,
    },
  );
}

function oldEpoch(network: string, address: Ip, block: string): CniError {
  return new CniError(
    errorCode.tryAgainLater,
    `network ${network} cannot give ${address}: block ${block} is of an older epoch of this host`,
    {
      reason: "block-epoch",
      details: `delete the block's key when no container of this host has addresses of it`,
    },
  );
}

function taken(address: Ip, { container, ifname }: IpRecord, name: string): CniError {
  return new CniError(
    errorCode.addressTaken,
    `address ${address} is taken by container ${container} (${ifname}) of node ${name}`,
    { reason: "address-taken", details: "it is free again when that container is removed" },
  );
}
