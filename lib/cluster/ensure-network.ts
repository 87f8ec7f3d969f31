/** A network's record in the directory: made once, by whoever comes first, and the same for all from then on. */
import { formatKey } from "../directory/keys.ts";
import { parseNetworkRecord, parseVniRecord } from "../directory/parse-records.ts";
import type { NetworkRecord } from "../directory/records.ts";
import type { Etcd, Int64 } from "../etcd/etcd.ts";
import { draftNetwork } from "./draft-network.ts";
import { readKeys } from "./read-keys.ts";
import { repeated } from "./repeated.ts";
import { seen } from "./seen.ts";

export interface EnsuredNetwork {
  /** As it stands there. */
  readonly record: NetworkRecord;
  readonly modRevision: Int64;
}

/**
 * Writes `networks/NETWORK`, and `vnis/VNI` where it has one, in one transaction when neither is there; else compares.
 * What the record has beyond `wanted` (more cidrs, a gateway's MAC, unknown fields) is an administrator's and counts.
 *
 * @throws {CniError} 108 `network-differs` with both values of all that differs, or `vni-taken` naming the other network; 6
 *   when a record cannot be read
 * @throws {EtcdError}
 */
export function ensureNetwork(
  etcd: Etcd,
  prefix: string,
  network: string,
  wanted: NetworkRecord,
): Promise<EnsuredNetwork> {
  return repeated(`network ${network}`, async () => {
    const [ofNetwork, ofVni] = await readKeys(
      etcd,
      formatKey(prefix, { kind: "networks", network }),
      ...(wanted.vni === undefined ? [] : [formatKey(prefix, { kind: "vnis", vni: wanted.vni })]),
    );
    const found = seen(ofNetwork, parseNetworkRecord);
    const vni = seen(ofVni, parseVniRecord);
    const { record, compares, writes } = draftNetwork(prefix, network, wanted, { network: found, vni });
    if (writes.length === 0 && found !== undefined) return { record, modRevision: found.modRevision };
    const { succeeded, revision } = await etcd.txn(compares, writes);
    if (!succeeded) return undefined;
    return { record, modRevision: found?.modRevision ?? revision };
  });
}
