/** What an administrator sees of a directory: its nodes and its networks. */
import { type Family, familyBits } from "../addr/ip.ts";
import { type Prefix, prefixFamily, prefixLength } from "../addr/prefix.ts";
import { type DirectoryTables, directoryLayout } from "../directory/directory.ts";
import { directoryRoot } from "../directory/keys.ts";
import type { NetworkRecord, NodeRecord } from "../directory/records.ts";
import { listedState } from "../directory/state.ts";
import type { Etcd } from "../etcd/etcd.ts";

export interface NodeView extends Pick<NodeRecord, "uid" | "name" | "epoch" | "vtep" | "platform"> {
  /** Since when its agent runs, in milliseconds since 1970; absent: it does not, or there is none. */
  readonly aliveSinceMs?: number;
  readonly blocks: number;
  /** Of an epoch that is over: somebody has begun to give them away. */
  readonly staleBlocks: number;
}

export interface NetworkView extends Pick<NetworkRecord, "vni" | "mode" | "cidrs" | "blockBits"> {
  readonly name: string;
  /** How many there are, and how many are somebody's. */
  readonly blocks: number;
  readonly claimed: number;
  readonly reserved: number;
  /** Addresses of reserved blocks that containers have. */
  readonly fixed: number;
  /** Hosts that have blocks. */
  readonly hosts: number;
}

export interface Overview {
  readonly nodes: readonly NodeView[];
  readonly networks: readonly NetworkView[];
  /** Keys that cannot be read, with what is wrong with them. */
  readonly faults: readonly { readonly key: string; readonly why: string }[];
}

/** @throws {EtcdError} */
export async function overview(etcd: Etcd, prefix: string): Promise<Overview> {
  const { tables, faults } = listedState(directoryLayout(prefix), await etcd.list(directoryRoot(prefix)));
  return {
    nodes: [...tables.nodes.values()].map(({ record }) => nodeView(record, tables)).sort(byName),
    networks: [...tables.networks]
      .map(([name, { record }]) => networkView(name, record, tables))
      .sort(byName),
    faults: [...faults.values()].map(({ key, garbage }) => ({ key, why: garbage.join("; ") })),
  };
}

function nodeView({ uid, name, epoch, vtep, platform }: NodeRecord, tables: DirectoryTables): NodeView {
  const own = [...tables.blocks.values()].flatMap((blocks) =>
    [...blocks.values()].filter(({ record }) => record.owner === uid),
  );
  const alive = tables.alive.get(uid);
  return {
    uid,
    name,
    epoch,
    platform,
    blocks: own.length,
    staleBlocks: own.filter(({ record }) => record.epoch !== epoch).length,
    ...(vtep === undefined ? {} : { vtep }),
    ...(alive === undefined ? {} : { aliveSinceMs: alive.record.sinceMs }),
  };
}

function networkView(name: string, record: NetworkRecord, tables: DirectoryTables): NetworkView {
  const { vni, mode, cidrs, blockBits } = record;
  const blocks = [...(tables.blocks.get(name)?.values() ?? [])].map((entry) => entry.record);
  return {
    name,
    mode,
    cidrs,
    blockBits,
    blocks: cidrs.reduce((sum, cidr) => sum + blocksOf(cidr, blockBits), 0),
    claimed: blocks.length,
    reserved: blocks.filter(({ reserved }) => reserved === true).length,
    fixed: tables.ips.get(name)?.size ?? 0,
    hosts: new Set(blocks.flatMap(({ owner }) => owner ?? [])).size,
    ...(vni === undefined ? {} : { vni }),
  };
}

function blocksOf(cidr: Prefix, blockBits: Readonly<Record<Family, number>>): number {
  const family = prefixFamily(cidr);
  return 2 ** Math.min(blockBits[family] - prefixLength(cidr), familyBits(family));
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
