/** A directory of flannel's in etcd: read as ours are, and joined. */
import { type Family, type Ip, ipFamily } from "../addr/ip.ts";
import type { Prefix } from "../addr/prefix.ts";
import { type Candidates, poolCandidates } from "./candidates.ts";
import { sortComplaints } from "./complaint.ts";
import { type Desired, desired } from "./desired.ts";
import { type FlannelConfig, parseFlannelConfig } from "./flannel-config.ts";
import { flannelKnown } from "./flannel-known.ts";
import {
  type FlannelLease,
  formatFlannelSubnets,
  parseFlannelLease,
  parseFlannelSubnets,
} from "./flannel-lease.ts";
import { isGarbage } from "./garbage.ts";
import type { LocalNetwork, LocalNode } from "./known.ts";
import { compareRevisions } from "./revision.ts";
import { spanOf, spanOfAddress } from "./span.ts";
import type { Entry, Layout, State } from "./state.ts";

export interface FlannelTables {
  /** One: `config`. */
  readonly config: ReadonlyMap<string, Entry<FlannelConfig>>;
  /** By their names in etcd. */
  readonly subnets: ReadonlyMap<string, Entry<FlannelLease>>;
}
export type FlannelState = State<FlannelTables>;

export const flannelKey = (prefix: string, subnets: FlannelLease["subnets"]): string =>
  `${prefix}/subnets/${formatFlannelSubnets(subnets)}`;

/** @param prefix of all keys, without a slash at its end: flannel's `--etcd-prefix` */
export function flannelLayout(prefix: string): Layout<FlannelTables> {
  const folder = `${prefix}/subnets/`;
  return {
    empty: { config: new Map(), subnets: new Map() },
    volatile: [],
    locate: (key) => {
      if (key === `${prefix}/config`) return { path: ["config", "config"], parse: parseFlannelConfig };
      if (!key.startsWith(folder)) return undefined;
      const name = key.slice(folder.length);
      const subnets = parseFlannelSubnets(name);
      if (isGarbage(subnets)) return subnets;
      return { path: ["subnets", name], parse: (value) => parseFlannelLease(subnets, value) };
    },
  };
}

/** The peers of this host in a flannel network, by the same rules as in a directory of ours. */
export function flannelPeers({ tables }: FlannelState, local: LocalNode, network: LocalNetwork): Desired {
  const { known, complaints } = flannelKnown(tables, ipFamily(local.vtep), network);
  // To flannel a host is its address.
  const self: LocalNode = { ...local, uid: local.vtep, name: local.vtep };
  const found = desired({ tables: known }, self, [network]).get(network.network);
  return {
    peers: found?.peers ?? [],
    complaints: sortComplaints([...complaints, ...(found?.complaints ?? [])]),
  };
}

/** What this host has leased already, the newest first. */
export function flannelLeasesOf({ tables }: FlannelState, vtep: Ip): readonly Entry<FlannelLease>[] {
  return [...tables.subnets.values()]
    .filter(({ record }) => record.tunnels[ipFamily(vtep)]?.vtep === vtep)
    .sort((a, b) => compareRevisions(b.modRevision, a.modRevision));
}

/** Subnets of a family that a host may lease: as flannel's own choice, without the first. */
export function flannelSubnets(
  config: FlannelConfig,
  family: Family,
  taken: Iterable<Prefix>,
  seed: string,
): Candidates {
  const pool = config.pools[family];
  const length = pool?.subnetLen ?? 0;
  const spans =
    pool === undefined
      ? []
      : [{ family, first: spanOfAddress(pool.min).first, last: lastOf(pool.max, length) }];
  return poolCandidates({ family, length, spans }, taken, seed);
}

const lastOf = (subnet: Ip, length: number): bigint => spanOf(`${subnet}/${length}` as Prefix).last;
