/** A network's record in the directory: made once, by whoever comes first, and the same for all from then on. */
import { formatKey } from "../directory/keys.ts";
import { parseNetworkRecord, parseVniRecord } from "../directory/parse-records.ts";
import type { NetworkRecord } from "../directory/records.ts";
import type { Etcd, Int64, Operation } from "../etcd/etcd.ts";
import { draftNetwork, type NetworkKeys } from "./draft-network.ts";
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
    const [ofNetwork, ofVni] = await readKeys(etcd, ...keysOf(prefix, network, wanted));
    const found = { network: seen(ofNetwork, parseNetworkRecord), vni: seen(ofVni, parseVniRecord) };
    const made = await makeNetwork(etcd, prefix, network, wanted, found);
    const { record, writes } = draftNetwork(prefix, network, wanted, made);
    if (writes.length > 0 || made.network === undefined) return undefined;
    return { record, modRevision: made.network.modRevision };
  });
}

/**
 * Writes what is missing of `keys`, unless somebody has meanwhile.
 *
 * @returns what stands there after that
 * @throws as `ensureNetwork`
 */
export async function makeNetwork(
  etcd: Etcd,
  prefix: string,
  network: string,
  wanted: NetworkRecord,
  keys: NetworkKeys,
): Promise<NetworkKeys> {
  const { compares, writes } = draftNetwork(prefix, network, wanted, keys);
  if (writes.length === 0) return keys;
  const look = keysOf(prefix, network, wanted).map((key): Operation => ({ kind: "range", key }));
  const { responses } = await etcd.txn(compares, [...writes, ...look], look);
  const [ofNetwork, ofVni] = responses.flatMap((response) =>
    response.kind === "range" ? [response.kvs[0]] : [],
  );
  return { network: seen(ofNetwork, parseNetworkRecord), vni: seen(ofVni, parseVniRecord) };
}

const keysOf = (prefix: string, network: string, { vni }: NetworkRecord): readonly string[] => [
  formatKey(prefix, { kind: "networks", network }),
  ...(vni === undefined ? [] : [formatKey(prefix, { kind: "vnis", vni })]),
];
