/** This host's containers in the directory: written by it alone, and taken away when they are gone. */
import type { DirectoryState } from "../directory/directory.ts";
import { folderKey, formatKey } from "../directory/keys.ts";
import { type EndpointRecord, formatRecord } from "../directory/records.ts";
import { absent, unchanged } from "../etcd/conditions.ts";
import type { Compare, Etcd, Int64, Operation } from "../etcd/etcd.ts";

export interface LocalEndpoint {
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
  readonly record: EndpointRecord;
}

/** One key that is to be another, on the condition that nobody has touched it. */
export interface EndpointChange {
  readonly compare: Compare;
  readonly operation: Operation;
}

/** etcd takes 128 operations at most in one transaction. */
const largestBatch = 100;

/** What of this host's keys is not as it is: also those of before a reboot, of other networks, and such as cannot be read. */
export function endpointChanges(
  { tables, faults }: DirectoryState,
  { prefix, uid }: { readonly prefix: string; readonly uid: string },
  local: readonly LocalEndpoint[],
): readonly EndpointChange[] {
  const there = new Map<string, { readonly modRevision: Int64; readonly text?: string }>();
  for (const nodes of tables.endpoints.values())
    for (const { key, modRevision, record } of nodes.get(uid)?.values() ?? [])
      there.set(key, { modRevision, text: formatRecord(record) });
  const networks = new Set([...tables.endpoints.keys(), ...local.map(({ network }) => network)]);
  const folders = [...networks].map((network) => folderKey(prefix, "endpoints", network, uid));
  for (const { key, modRevision } of faults.values())
    if (folders.some((folder) => key.startsWith(folder))) there.set(key, { modRevision });
  const changes: EndpointChange[] = [];
  for (const { record, ...name } of local) {
    const key = formatKey(prefix, { kind: "endpoints", uid, ...name });
    const held = there.get(key);
    there.delete(key);
    const value = formatRecord(record);
    if (held?.text === value) continue;
    changes.push({
      compare: held === undefined ? absent(key) : unchanged({ key, modRevision: held.modRevision }),
      operation: { kind: "put", key, value },
    });
  }
  for (const [key, { modRevision }] of there)
    changes.push({ compare: unchanged({ key, modRevision }), operation: { kind: "delete", key } });
  return changes;
}

/**
 * Each change once. Where somebody else has touched one of them, the others are done all the same.
 *
 * @param held that this host's record is as it was seen: else nothing is done
 * @returns the revision at which all that was done is known; "0" when nothing was. @throws {EtcdError}
 */
export async function publishEndpoints(
  etcd: Etcd,
  changes: readonly EndpointChange[],
  held: Compare,
): Promise<Int64> {
  let revision: Int64 = "0";
  const attempt = async (batch: readonly EndpointChange[]): Promise<boolean> => {
    const done = await write(etcd, batch, held);
    if (done.succeeded) revision = done.revision;
    return done.succeeded;
  };
  for (let at = 0; at < changes.length; at += largestBatch) {
    const batch = changes.slice(at, at + largestBatch);
    if ((await attempt(batch)) || batch.length === 1) continue;
    for (const change of batch) await attempt([change]);
  }
  return revision;
}

const write = (etcd: Etcd, changes: readonly EndpointChange[], held: Compare) =>
  etcd.txn(
    [held, ...changes.map(({ compare }) => compare)],
    changes.map(({ operation }) => operation),
  );
