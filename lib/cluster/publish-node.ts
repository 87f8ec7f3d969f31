/** This host's record in the directory: by it others reach it, and by it an administrator takes its blocks away. */
import type { Identity } from "../directory/identity.ts";
import type { NodeRecord } from "../directory/records.ts";
import type { Etcd, Int64 } from "../etcd/etcd.ts";

export interface PublishedNode {
  readonly record: NodeRecord;
  /** Claims hold while this is the record's: whoever raises the epoch, or removes the node, ends them. */
  readonly modRevision: Int64;
  /** Others that say to be where this host is and are not alive, as sentences with what to do about it. */
  readonly warnings: readonly string[];
}

/**
 * Writes `nodes/UID` by compare and swap, when it is absent or says something else. The epoch and what a later release wrote
 * there stay. An identity without a tunnel address (a host that is in no overlay network) leaves the one that stands there.
 *
 * @throws {CniError} 108 `node-uid-taken`: a host of another boot is alive under this uid; `node-vtep-taken`: another node is
 *   alive at this tunnel address. Both name it
 * @throws {EtcdError}
 */
export async function publishNode(etcd: Etcd, prefix: string, identity: Identity): Promise<PublishedNode> {
  throw new Error(`not built yet: ${etcd.endpoint} ${prefix} ${identity.uid}`);
}
