/** A network's record in the directory: made once, by whoever comes first, and the same for all from then on. */
import type { NetworkRecord } from "../directory/records.ts";
import type { Etcd, Int64 } from "../etcd/etcd.ts";

export interface EnsuredNetwork {
  /** As it stands there. */
  readonly record: NetworkRecord;
  readonly modRevision: Int64;
}

/**
 * Writes `networks/NETWORK`, and `vnis/VNI` where it has one, in one transaction when neither is there; else compares.
 * What the record has beyond `wanted` (more cidrs, a gateway's MAC, unknown fields) is an administrator's and counts.
 *
 * @throws {CniError} 108 `network-differs` with both values of all that differs, or `vni-taken` naming the other network
 * @throws {EtcdError}
 */
export async function ensureNetwork(
  etcd: Etcd,
  prefix: string,
  network: string,
  wanted: NetworkRecord,
): Promise<EnsuredNetwork> {
  throw new Error(`not built yet: ${etcd.endpoint} ${prefix} ${network} ${wanted.mode}`);
}
