/** A block that nobody has. */
import { type Family, type Ip, ipFamily } from "../addr/ip.ts";
import { contains, networkOf, type Prefix, prefixFamily, prefixOf } from "../addr/prefix.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { blockCandidates } from "../directory/candidates.ts";
import { isGarbage } from "../directory/garbage.ts";
import { folderKey } from "../directory/keys.ts";
import { parseBlockRecord } from "../directory/parse-records.ts";
import { joined } from "./draft.ts";
import { blockKeys, draftClaim } from "./draft-block.ts";
import { nameOf, type Settled, type Work } from "./settle.ts";
import type { OwnedBlock } from "./settle-own.ts";

/**
 * Takes the first of the free blocks, in an order of this host's own, that nobody takes at the same time. The state file
 * knows of it when this returns.
 *
 * @param ground as it was seen, with all blocks of the network
 * @returns undefined when the host's record or the network's has changed: then look anew
 * @throws {CniError} 102 @throws {EtcdError}
 */
export function claimFree(work: Work, ground: Settled, family: Family): Promise<OwnedBlock | undefined> {
  const { pool, uid } = work;
  const free = blockCandidates(family, pool, ground.view.taken, `${uid} ${pool.network}`);
  return claimFirst(work, ground, free, () => exhausted(work, family));
}

/** The block of this address. @returns undefined also when somebody has it by now */
export function claimFor(work: Work, ground: Settled, address: Ip): Promise<OwnedBlock | undefined> {
  const block = networkOf(prefixOf(address, work.pool.blockBits[ipFamily(address)]));
  return claimFirst(work, ground, [block], () => Promise.resolve(undefined));
}

async function claimFirst(
  { etcd, pool, uid, store, now }: Work,
  { beside }: Settled,
  candidates: Iterable<Prefix>,
  failure: () => Promise<CniError | undefined>,
): Promise<OwnedBlock | undefined> {
  const { network, access } = pool;
  for (const prefix of candidates) {
    const keys = blockKeys(access.prefix, network, uid, prefix);
    const { compares, writes } = joined(beside, draftClaim(keys, uid, beside.epoch));
    const check = { kind: "range", key: keys.block, keysOnly: true } as const;
    const { succeeded, revision, responses } = await etcd.txn(compares, writes, [check]);
    if (succeeded) {
      store.blocks.put({ network, prefix, revision, claimedMs: now() });
      return { prefix, revision };
    }
    const [there] = responses;
    if (there?.kind !== "range" || there.count === 0) return undefined;
  }
  const error = await failure();
  if (error !== undefined) throw error;
  return undefined;
}

async function exhausted({ etcd, pool }: Work, family: Family): Promise<CniError> {
  const { network, access, cidrs, blockBits } = pool;
  const { kvs } = await etcd.list(folderKey(access.prefix, "blocks", network));
  const owners = new Map<string, number>();
  for (const kv of kvs) {
    const record = parseBlockRecord(kv.value);
    const owner = isGarbage(record) ? undefined : record.owner;
    if (owner !== undefined) owners.set(owner, (owners.get(owner) ?? 0) + 1);
  }
  const [most] = [...owners].sort(([, a], [, b]) => b - a);
  const who =
    most === undefined ? "" : `, ${most[1]} of them node ${await nameOf(etcd, access.prefix, most[0])}'s`;
  const whole = cidrs.filter((cidr) => prefixFamily(cidr) === family).join(", ");
  return new CniError(
    errorCode.poolExhausted,
    `network ${network} has no free block /${blockBits[family]} in ${whole}: ${kvs.length} are taken by ${owners.size} hosts${who}`,
    {
      reason: "blocks-exhausted",
      details:
        "take the blocks of hosts that are gone for good away (vswitch node list, vswitch node remove), or give the network more cidrs",
    },
  );
}

/** The block that an address is in, of whatever length. */
export const blockOf = (taken: readonly Prefix[], address: Ip): Prefix | undefined =>
  taken.find((block) => contains(block, address));
