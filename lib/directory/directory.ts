/** The directory of our own: its tables, and how they are read. */
import { isGarbage } from "./garbage.ts";
import { keyParts, parseKey } from "./keys.ts";
import { parseRecord } from "./parse-records.ts";
import type {
  AliveRecord,
  BlockRecord,
  EndpointRecord,
  IpRecord,
  NetworkRecord,
  NodeRecord,
  OwnedRecord,
  VniRecord,
} from "./records.ts";
import type { Entry, Layout, State } from "./state.ts";

export type Table<R> = ReadonlyMap<string, Entry<R>>;
type Tables<R> = ReadonlyMap<string, Table<R>>;

/** By the parts of their keys (`keyParts`): `blocks.get(network)?.get("10.40.1.0-26")`. */
export interface DirectoryTables {
  readonly networks: Table<NetworkRecord>;
  readonly vnis: Table<VniRecord>;
  readonly nodes: Table<NodeRecord>;
  readonly alive: Table<AliveRecord>;
  /** By network and prefix. */
  readonly blocks: Tables<BlockRecord>;
  /** By uid, network and prefix. */
  readonly owned: ReadonlyMap<string, Tables<OwnedRecord>>;
  /** By network, uid, and container and interface. */
  readonly endpoints: ReadonlyMap<string, Tables<EndpointRecord>>;
  /** By network and address. */
  readonly ips: Tables<IpRecord>;
}
export type DirectoryState = State<DirectoryTables>;

export const emptyTables: DirectoryTables = {
  networks: new Map(),
  vnis: new Map(),
  nodes: new Map(),
  alive: new Map(),
  blocks: new Map(),
  owned: new Map(),
  endpoints: new Map(),
  ips: new Map(),
};

/** What hosts go by who follow the directory, the smallest first; what each owns is for whoever claims or removes. */
export const followedKinds = ["networks", "vnis", "ips", "alive", "endpoints", "nodes", "blocks"] as const;

/** @param prefix of all keys, without a slash at its end */
export function directoryLayout(prefix: string): Layout<DirectoryTables> {
  return {
    empty: emptyTables,
    volatile: ["alive"],
    locate: (text) => {
      const key = parseKey(prefix, text);
      if (key === undefined || isGarbage(key)) return key;
      return { path: keyParts(key), parse: (value) => parseRecord(key, value) };
    },
  };
}
