/** This host's record in the directory: by it others reach it, and by it an administrator takes its blocks away. */
import type { Identity } from "../directory/identity.ts";
import { formatKey } from "../directory/keys.ts";
import { parseAliveRecord, parseNodeRecord } from "../directory/parse-records.ts";
import type { NodeRecord } from "../directory/records.ts";
import type { Etcd, Int64 } from "../etcd/etcd.ts";
import { draftNode } from "./draft-node.ts";
import { readKeys } from "./read-keys.ts";
import { repeated } from "./repeated.ts";
import { seen } from "./seen.ts";
import { tunnelRivals } from "./tunnel-rivals.ts";

export interface PublishedNode {
  readonly record: NodeRecord;
  /** Claims hold while this is the record's: whoever raises the epoch, or removes the node, ends them. */
  readonly modRevision: Int64;
  /** Others that say to be where this host is and are not alive, as sentences with what to do about it. */
  readonly warnings: readonly string[];
}

/**
 * Writes `nodes/UID` by compare and swap, when it is absent or says something else. The epoch and what a later release wrote
 * there stay. An identity without a tunnel (a host that is in no overlay network) leaves the one that stands there.
 *
 * @throws {CniError} 11 `node-uid-taken`: a host of another boot is alive under this uid; 108 `node-vtep-taken`: another node
 *   is alive at this tunnel address. Both name it. 6 when the record cannot be read
 * @throws {EtcdError}
 */
export function publishNode(etcd: Etcd, prefix: string, identity: Identity): Promise<PublishedNode> {
  const { uid } = identity;
  return repeated(`node ${uid}`, async () => {
    const [ofNode, ofAlive] = await readKeys(
      etcd,
      formatKey(prefix, { kind: "nodes", uid }),
      formatKey(prefix, { kind: "alive", uid }),
    );
    const node = seen(ofNode, parseNodeRecord);
    const alive = seen(ofAlive, parseAliveRecord);
    const { record, movesTunnel, compares, writes } = draftNode(prefix, identity, { node, alive });
    const warnings =
      movesTunnel && record.vtep !== undefined ? await tunnelRivals(etcd, prefix, uid, record.vtep) : [];
    if (writes.length === 0 && node !== undefined) return { record, modRevision: node.modRevision, warnings };
    const { succeeded, revision } = await etcd.txn(compares, writes);
    return succeeded ? { record, modRevision: revision, warnings } : undefined;
  });
}
