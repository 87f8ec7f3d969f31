/** What the directory says of a host and of its blocks of one network, read at once. */
import type { Prefix } from "../addr/prefix.ts";
import { folderKey, formatKey, type Key, parseKey } from "../directory/keys.ts";
import {
  parseAliveRecord,
  parseBlockRecord,
  parseNetworkRecord,
  parseNodeRecord,
  parseVniRecord,
} from "../directory/parse-records.ts";
import type { BlockRecord } from "../directory/records.ts";
import type { Etcd, KeyValue, Operation, OperationResult } from "../etcd/etcd.ts";
import type { Draft } from "./draft.ts";
import type { NetworkKeys } from "./draft-network.ts";
import type { OwnKeys } from "./draft-node.ts";
import type { Pool } from "./pool.ts";
import { type Seen, seen } from "./seen.ts";

export interface ViewRequest {
  readonly pool: Pool;
  readonly uid: string;
  readonly vni?: number;
  /** Blocks that the state file knows. */
  readonly known: readonly Prefix[];
  /** Whether all blocks of the network are asked for. */
  readonly all: boolean;
  /** Written before, by the same call, where its conditions hold. */
  readonly first?: Draft;
}

export interface View extends OwnKeys, NetworkKeys {
  /** Records of the known blocks, whosever they are now, and of those that the directory has as this host's beside. */
  readonly blocks: ReadonlyMap<Prefix, Seen<BlockRecord>>;
  /** Of the whole network, where that was asked for. */
  readonly taken: readonly Prefix[];
}

/** Operations that a transaction has room for, beside the first few. */
const batch = 100;
/** Keys of an answer: some 150 bytes of each. */
const page = 10_000;

/** @throws {EtcdError} @throws {CniError} 6 for records that cannot be read */
export async function readView(etcd: Etcd, request: ViewRequest): Promise<View> {
  const { pool, uid, vni, known, all, first: draft } = request;
  const { prefix } = pool.access;
  const { network } = pool;
  const get = (key: Key): Operation => ({ kind: "range", key: formatKey(prefix, key) });
  const blockKey = (cidr: Prefix): Operation => get({ kind: "blocks", network, cidr });
  const looks: readonly Operation[] = [
    get({ kind: "nodes", uid }),
    get({ kind: "alive", uid }),
    get({ kind: "networks", network }),
    // One that no network has stands for none.
    get({ kind: "vnis", vni: vni ?? 0 }),
    { kind: "range", prefix: folderKey(prefix, "owned", uid, network), keysOnly: true },
    all
      ? { kind: "range", prefix: folderKey(prefix, "blocks", network), keysOnly: true, limit: page }
      : get({ kind: "vnis", vni: 0 }),
    ...known.slice(0, batch).map(blockKey),
  ];
  const [node, alive, ofNetwork, ofVni, owned, whole, ...first] = await ranges(etcd, looks, draft);
  const others = prefixesOf(prefix, owned?.kvs ?? []).filter((cidr) => !known.includes(cidr));
  const records = [...first];
  const rest = [...known.slice(batch), ...others];
  for (let at = 0; at < rest.length; at += batch)
    records.push(...(await ranges(etcd, rest.slice(at, at + batch).map(blockKey))));
  const taken = !all
    ? []
    : (whole?.count ?? 0) > page
      ? (await etcd.list(folderKey(prefix, "blocks", network))).kvs
      : (whole?.kvs ?? []);
  const blocks = [...known.slice(0, batch), ...rest].flatMap((cidr, i) => {
    const block = seen(records[i]?.kvs[0], parseBlockRecord);
    return block === undefined ? [] : ([[cidr, block]] as const);
  });
  return {
    node: seen(node?.kvs[0], parseNodeRecord),
    alive: seen(alive?.kvs[0], parseAliveRecord),
    network: seen(ofNetwork?.kvs[0], parseNetworkRecord),
    vni: seen(ofVni?.kvs[0], parseVniRecord),
    blocks: new Map(blocks),
    taken: prefixesOf(prefix, taken),
  };
}

type Range = Extract<OperationResult, { readonly kind: "range" }>;

async function ranges(
  etcd: Etcd,
  operations: readonly Operation[],
  draft: Draft = { compares: [], writes: [] },
): Promise<readonly Range[]> {
  const { compares, writes } = draft;
  const { responses } = await etcd.txn(compares, [...writes, ...operations], operations);
  return responses.filter((response) => response.kind === "range");
}

/** Of keys that end in one. What is garbage takes nobody's place. */
function prefixesOf(prefix: string, kvs: readonly Pick<KeyValue, "key">[]): readonly Prefix[] {
  return kvs.flatMap(({ key }) => {
    const parsed = parseKey(prefix, key);
    return parsed !== undefined && "cidr" in parsed ? [parsed.cidr] : [];
  });
}
