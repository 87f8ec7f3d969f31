/** Blocks by an administrator's word: for addresses that containers ask for by name, or for one node. */
import { type Family, familyBits, ipFromNumber } from "../addr/ip.ts";
import {
  bounds,
  contains,
  networkOf,
  overlaps,
  type Prefix,
  prefixAddress,
  prefixFamily,
  prefixLength,
  prefixOf,
} from "../addr/prefix.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { isGarbage } from "../directory/garbage.ts";
import { folderKey, formatKey, parseKey } from "../directory/keys.ts";
import { parseBlockRecord, parseNetworkRecord, parseNodeRecord } from "../directory/parse-records.ts";
import { type BlockRecord, formatRecord, type NetworkRecord } from "../directory/records.ts";
import { absent, unchanged } from "../etcd/conditions.ts";
import type { Etcd, Operation } from "../etcd/etcd.ts";
import { joined } from "./draft.ts";
import { blockKeys, draftRelease } from "./draft-block.ts";
import { readKeys } from "./read-keys.ts";
import { repeated } from "./repeated.ts";
import { type Seen, seen } from "./seen.ts";
import { nameOf } from "./settle.ts";

/** Each takes up to two operations of a transaction. */
const most = 60;

/**
 * Keeps addresses from being given to whoever comes next: each is somebody's when it is asked for. With a node they are that
 * node's to give, and stay so when it is empty.
 *
 * @param wanted a block of the network, or several that make one prefix
 * @returns the blocks
 * @throws {CniError} 3 no such network or node, 7 not of the network, or no whole block; 108 somebody has one, whom it names
 * @throws {EtcdError}
 */
export function reserve(
  etcd: Etcd,
  prefix: string,
  network: string,
  wanted: Prefix,
  node?: string,
): Promise<readonly Prefix[]> {
  return repeated(`network ${network}`, async () => {
    const known = await requireNetwork(etcd, prefix, network);
    const blocks = blocksWithin(wanted, network, known.record);
    const owner = node === undefined ? undefined : await requireNode(etcd, prefix, node);
    const { kvs } = await etcd.list(folderKey(prefix, "blocks", network));
    for (const kv of kvs) {
      const key = parseKey(prefix, kv.key);
      if (key === undefined || isGarbage(key) || key.kind !== "blocks" || !overlaps(key.cidr, wanted))
        continue;
      throw await inTheWay(etcd, prefix, key.cidr, kv.value);
    }
    const record: BlockRecord = {
      v: 1,
      epoch: owner?.record.epoch ?? 0,
      reserved: true,
      ...(node === undefined ? {} : { owner: node }),
    };
    const writes = blocks.flatMap((cidr): readonly Operation[] => {
      const { block, owned } = blockKeys(prefix, network, node ?? "", cidr);
      const put: Operation = { kind: "put", key: block, value: formatRecord(record) };
      return node === undefined ? [put] : [put, { kind: "put", key: owned, value: formatRecord({ v: 1 }) }];
    });
    const compares = [
      unchanged(known),
      ...(owner === undefined ? [] : [unchanged(owner)]),
      ...blocks.map((cidr) => absent(blockKeys(prefix, network, "", cidr).block)),
    ];
    return (await etcd.txn(compares, writes)).succeeded ? blocks : undefined;
  });
}

/**
 * Blocks that are no node's are anybody's again, once no container has an address of them; those of a node it gives back
 * like any other.
 *
 * @throws {CniError} 3 no such network, or nothing is reserved there; 108 a container has an address, which it names
 * @throws {EtcdError}
 */
export function unreserve(
  etcd: Etcd,
  prefix: string,
  network: string,
  wanted: Prefix,
): Promise<readonly Prefix[]> {
  return repeated(`network ${network}`, async () => {
    const known = await requireNetwork(etcd, prefix, network);
    const blocks = blocksWithin(wanted, network, known.record);
    const kvs = await readKeys(etcd, ...blocks.map((cidr) => blockKeys(prefix, network, "", cidr).block));
    const reserved = blocks.flatMap((cidr, i) => {
      const block = seen(kvs[i], parseBlockRecord);
      return block?.record.reserved === true ? [[cidr, block] as const] : [];
    });
    if (reserved.length === 0) throw notReserved(network, wanted);
    // Behind the blocks' records: a claim of an address writes its block's, so one that comes later fails this.
    await requireUnused(etcd, prefix, network, wanted);
    const { compares, writes } = joined(
      ...reserved.map(([cidr, block]) => {
        const { owner, reserved: _, ...rest } = block.record;
        const keys = blockKeys(prefix, network, owner ?? "", cidr);
        if (owner !== undefined) {
          const value = formatRecord({ ...rest, owner } as BlockRecord);
          return { compares: [unchanged(block)], writes: [{ kind: "put", key: keys.block, value } as const] };
        }
        return {
          ...draftRelease(keys, block.modRevision),
          writes: [{ kind: "delete", key: keys.block } as const],
        };
      }),
    );
    return (await etcd.txn(compares, writes)).succeeded ? reserved.map(([cidr]) => cidr) : undefined;
  });
}

async function requireNetwork(etcd: Etcd, prefix: string, network: string): Promise<Seen<NetworkRecord>> {
  const [kv] = await readKeys(etcd, formatKey(prefix, { kind: "networks", network }));
  const found = seen(kv, parseNetworkRecord);
  if (found !== undefined) return found;
  throw new CniError(errorCode.unknownContainer, `the directory knows no network ${network}`, {
    reason: "network-unknown",
    details:
      "vswitch network list shows them all; the first host that attaches a container to one makes it known",
  });
}

async function requireNode(etcd: Etcd, prefix: string, uid: string) {
  const [kv] = await readKeys(etcd, formatKey(prefix, { kind: "nodes", uid }));
  const found = seen(kv, parseNodeRecord);
  if (found !== undefined) return found;
  throw new CniError(errorCode.unknownContainer, `the directory knows no node ${uid}`, {
    reason: "node-unknown",
    details: "vswitch node list shows them all",
  });
}

/** All blocks of a network have one length: by that no two can overlap, whoever claims them. */
function blocksWithin(
  wanted: Prefix,
  network: string,
  { cidrs, blockBits }: NetworkRecord,
): readonly Prefix[] {
  const family: Family = prefixFamily(wanted);
  const length = blockBits[family];
  const count = 2 ** (length - prefixLength(wanted));
  const isWithin = cidrs.some(
    (cidr) => contains(cidr, prefixAddress(wanted)) && prefixLength(cidr) <= prefixLength(wanted),
  );
  if (!isWithin || networkOf(wanted) !== wanted)
    throw refused(`${wanted} is no part of network ${network}`, `its addresses are ${cidrs.join(", ")}`);
  if (count < 1 || count > most)
    throw refused(
      `${wanted} cannot be reserved in network ${network}`,
      `its blocks have the length ${length}: from one to ${most} of them can be reserved at once`,
    );
  const step = 1n << BigInt(familyBits(family) - length);
  const { first } = bounds(wanted);
  return Array.from({ length: count }, (_, i) =>
    prefixOf(ipFromNumber(family, first + BigInt(i) * step), length),
  );
}

async function requireUnused(etcd: Etcd, prefix: string, network: string, wanted: Prefix): Promise<void> {
  const { kvs } = await etcd.list(folderKey(prefix, "ips", network));
  for (const kv of kvs) {
    const key = parseKey(prefix, kv.key);
    if (key === undefined || isGarbage(key) || key.kind !== "ips" || !contains(wanted, key.ip)) continue;
    throw new CniError(
      errorCode.conflict,
      `${wanted} stays reserved: a container has ${key.ip} (${kv.value})`,
      {
        reason: "block-in-use",
        details: "remove the containers that have addresses of it",
      },
    );
  }
}

async function inTheWay(etcd: Etcd, prefix: string, cidr: Prefix, value: string): Promise<CniError> {
  const record = parseBlockRecord(value);
  const owner = isGarbage(record) ? undefined : record.owner;
  const whose =
    owner === undefined ? "is reserved already" : `is node ${await nameOf(etcd, prefix, owner)}'s`;
  return new CniError(errorCode.conflict, `block ${cidr} ${whose}`, {
    reason: "block-taken",
    details: "reserve another, or take its node's blocks away first",
  });
}

const notReserved = (network: string, wanted: Prefix): CniError =>
  new CniError(errorCode.unknownContainer, `nothing of ${wanted} is reserved in network ${network}`, {
    reason: "not-reserved",
  });

const refused = (text: string, details: string): CniError =>
  new CniError(errorCode.invalidConfig, text, { reason: "prefix-refused", details });
