/** A node by what people call it. */
import { CniError, errorCode } from "../cni/error.ts";
import { isGarbage } from "../directory/garbage.ts";
import { folderKey } from "../directory/keys.ts";
import { parseNodeRecord } from "../directory/parse-records.ts";
import type { Etcd } from "../etcd/etcd.ts";

/**
 * @param called its uid, or a name that no other has
 * @returns its uid; what is no node's name stands for a uid, of which perhaps only blocks are left
 * @throws {CniError} 7 with the uids where several have the name
 */
export async function findNode(etcd: Etcd, prefix: string, called: string): Promise<string> {
  const { kvs } = await etcd.list(folderKey(prefix, "nodes"));
  const nodes = kvs.flatMap(({ value }) => {
    const record = parseNodeRecord(value);
    return isGarbage(record) ? [] : [record];
  });
  if (nodes.some(({ uid }) => uid === called)) return called;
  const [found, ...more] = nodes.filter(({ name }) => name === called);
  if (found === undefined) return called;
  if (more.length === 0) return found.uid;
  const uids = [found, ...more].map(({ uid }) => uid).join(", ");
  throw new CniError(errorCode.invalidConfig, `several nodes are called ${called}: ${uids}`, {
    reason: "node-ambiguous",
    details: "say which by its uid",
  });
}
