/** Other nodes that say to be at this host's tunnel address. */
import type { Ip } from "../addr/ip.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { isGarbage } from "../directory/garbage.ts";
import { folderKey, formatKey } from "../directory/keys.ts";
import { parseNodeRecord } from "../directory/parse-records.ts";
import type { NodeRecord } from "../directory/records.ts";
import type { Etcd } from "../etcd/etcd.ts";

/**
 * All hosts believe the older of two records, so this one would not be reached.
 *
 * @returns those that are not alive, as sentences with what to do about it
 * @throws {CniError} 108 for one that is
 */
export async function tunnelRivals(
  etcd: Etcd,
  prefix: string,
  uid: string,
  vtep: Ip,
): Promise<readonly string[]> {
  const { kvs } = await etcd.list(folderKey(prefix, "nodes"));
  const rivals = kvs.flatMap(({ value }): readonly NodeRecord[] => {
    const record = parseNodeRecord(value);
    return isGarbage(record) || record.uid === uid || record.vtep !== vtep ? [] : [record];
  });
  const warnings: string[] = [];
  for (const rival of rivals) {
    const alive = await etcd.range({ key: formatKey(prefix, { kind: "alive", uid: rival.uid }) });
    if (alive.count > 0) throw taken(vtep, rival);
    warnings.push(
      `node ${rival.name} (${rival.uid}) has the tunnel address ${vtep} too, and was there first: other hosts do not reach this one until it is removed (vswitch node remove ${rival.uid})`,
    );
  }
  return warnings;
}

function taken(vtep: Ip, { name, uid }: NodeRecord): CniError {
  return new CniError(
    errorCode.conflict,
    `the tunnel address ${vtep} is node ${name}'s too, which is alive under uid ${uid}`,
    {
      reason: "node-vtep-taken",
      details: `give one of the two hosts another address on the underlay; if that was this host until a minute ago, try again`,
    },
  );
}
