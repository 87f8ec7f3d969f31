/** An administrator's word that a node is gone for good: what it had is everybody's again. */
import type { Prefix } from "../addr/prefix.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { isGarbage } from "../directory/garbage.ts";
import { folderKey, formatKey, parseKey } from "../directory/keys.ts";
import {
  parseAliveRecord,
  parseBlockRecord,
  parseIpRecord,
  parseNodeRecord,
} from "../directory/parse-records.ts";
import { formatRecord, type NodeRecord } from "../directory/records.ts";
import { unchanged } from "../etcd/conditions.ts";
import type { Etcd, KeyValue, Operation } from "../etcd/etcd.ts";
import { joined } from "./draft.ts";
import { blockKeys, draftRelease } from "./draft-block.ts";
import { readKeys } from "./read-keys.ts";
import { repeated } from "./repeated.ts";
import { type Seen, seen } from "./seen.ts";

export interface RemovedNode {
  readonly name: string;
  readonly blocks: readonly Prefix[];
  /** Reserved for it by an administrator: they stay. */
  readonly kept: readonly Prefix[];
}

/** Each takes three operations of a transaction. */
const batch = 40;

/**
 * The epoch is raised first: from then on no claim that the node has sent comes to pass. A host that comes back finds its
 * blocks given away, and gives nothing more out of them (settle-own.ts).
 *
 * @param options.force also when its agent is alive
 * @throws {CniError} 3 no such node, 108 `node-alive`, or `node-back` when it claims blocks meanwhile
 * @throws {EtcdError} as much as was done is done: call it again
 */
export async function removeNode(
  etcd: Etcd,
  prefix: string,
  uid: string,
  options: { readonly force: boolean },
): Promise<RemovedNode> {
  const node = await raiseEpoch(etcd, prefix, uid, options.force);
  const { blocks, kept } = await takeBlocks(etcd, prefix, uid, node?.record);
  await forgetRest(etcd, prefix, uid);
  if (node !== undefined)
    await repeated(`node ${uid}`, async () => {
      const [kv] = await readKeys(etcd, node.key);
      if (kv === undefined) return true;
      if (kv.modRevision !== node.modRevision) throw isBack(node.record.name, uid);
      return (await etcd.txn([unchanged(kv)], [{ kind: "delete", key: node.key }])).succeeded || undefined;
    });
  return { name: node?.record.name ?? uid, blocks, kept };
}

/** @returns its record as it is then; undefined where only blocks are left of it */
async function raiseEpoch(
  etcd: Etcd,
  prefix: string,
  uid: string,
  force: boolean,
): Promise<Seen<NodeRecord> | undefined> {
  let raisedTo: number | undefined;
  const { node } = await repeated(`node ${uid}`, async () => {
    const [ofNode, ofAlive] = await readKeys(
      etcd,
      formatKey(prefix, { kind: "nodes", uid }),
      formatKey(prefix, { kind: "alive", uid }),
    );
    const found = seen(ofNode, parseNodeRecord);
    const alive = seen(ofAlive, parseAliveRecord);
    if (alive !== undefined && !force) throw isAlive(found?.record.name ?? uid, uid);
    if (found === undefined) {
      if (!(await hasBlocks(etcd, prefix, uid))) throw unknown(uid);
      return { node: undefined };
    }
    // A write that nobody answered may have come to pass.
    if (found.record.epoch === raisedTo) return { node: found };
    const record = { ...found.record, epoch: found.record.epoch + 1 };
    raisedTo = record.epoch;
    const put: Operation = { kind: "put", key: found.key, value: formatRecord(record) };
    const { succeeded, revision } = await etcd.txn([unchanged(found)], [put]);
    return succeeded ? { node: { key: found.key, record, modRevision: revision } } : undefined;
  });
  return node;
}

async function hasBlocks(etcd: Etcd, prefix: string, uid: string): Promise<boolean> {
  const { kvs } = await etcd.list(folderKey(prefix, "blocks"));
  return kvs.some((kv) => ownerOf(kv) === uid);
}

async function takeBlocks(
  etcd: Etcd,
  prefix: string,
  uid: string,
  record: NodeRecord | undefined,
): Promise<Pick<RemovedNode, "blocks" | "kept">> {
  const blocks = new Set<Prefix>();
  return repeated(`node ${uid}`, async () => {
    const { kvs } = await etcd.list(folderKey(prefix, "blocks"));
    const kept: Prefix[] = [];
    const due: { readonly network: string; readonly cidr: Prefix; readonly modRevision: string }[] = [];
    for (const kv of kvs) {
      const key = parseKey(prefix, kv.key);
      const block = parseBlockRecord(kv.value);
      if (key === undefined || isGarbage(key) || key.kind !== "blocks" || isGarbage(block)) continue;
      if (block.owner !== uid) continue;
      if (block.reserved) kept.push(key.cidr);
      else if (record !== undefined && block.epoch >= record.epoch) throw isBack(record.name, uid);
      else due.push({ network: key.network, cidr: key.cidr, modRevision: kv.modRevision });
    }
    if (due.length === 0) return { blocks: [...blocks], kept };
    const some = due.slice(0, batch);
    const { compares, writes } = joined(
      ...some.map(({ network, cidr, modRevision }) =>
        draftRelease(blockKeys(prefix, network, uid, cidr), modRevision),
      ),
    );
    if ((await etcd.txn(compares, writes)).succeeded) for (const { cidr } of some) blocks.add(cidr);
    return undefined;
  });
}

/** Its containers, its fixed addresses, and what else stands under its uid. */
async function forgetRest(etcd: Etcd, prefix: string, uid: string): Promise<void> {
  const networks = await etcd.list(folderKey(prefix, "endpoints"));
  const folders = new Set(
    networks.kvs.flatMap(({ key }) => {
      const parsed = parseKey(prefix, key);
      const isOwn =
        parsed !== undefined && !isGarbage(parsed) && parsed.kind === "endpoints" && parsed.uid === uid;
      return isOwn ? [folderKey(prefix, "endpoints", parsed.network, uid)] : [];
    }),
  );
  for (const folder of folders) await etcd.txn([], [{ kind: "delete", prefix: folder }]);
  const ips = await etcd.list(folderKey(prefix, "ips"));
  for (const kv of ips.kvs) {
    const record = parseIpRecord(kv.value);
    if (isGarbage(record) || record.node !== uid) continue;
    await etcd.txn([unchanged(kv)], [{ kind: "delete", key: kv.key }]);
  }
  await etcd.deleteKey(formatKey(prefix, { kind: "alive", uid }));
}

function ownerOf(kv: KeyValue): string | undefined {
  const record = parseBlockRecord(kv.value);
  return isGarbage(record) ? undefined : record.owner;
}

const unknown = (uid: string): CniError =>
  new CniError(errorCode.unknownContainer, `the directory knows no node ${uid}`, {
    reason: "node-unknown",
    details: "vswitch node list shows them all",
  });

const isAlive = (name: string, uid: string): CniError =>
  new CniError(errorCode.conflict, `node ${name} (${uid}) is alive: its containers have the addresses`, {
    reason: "node-alive",
    details:
      "stop its agent, and its containers; what its agent said before it died is forgotten after a minute",
  });

const isBack = (name: string, uid: string): CniError =>
  new CniError(errorCode.conflict, `node ${name} (${uid}) has come back while it was removed`, {
    reason: "node-back",
    details: "it has published itself, and claims blocks: stop its containers first",
  });
