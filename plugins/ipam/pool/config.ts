/** Configuration of an ipam whose network is dealt out among hosts by a directory. Pure. */
import validate from "#schema/ipam-pool";
import type { Ip } from "../../../lib/addr/ip.ts";
import { networkOf, overlaps, type Prefix, parsePrefix, prefixFamily } from "../../../lib/addr/prefix.ts";
import type { Pool } from "../../../lib/cluster/pool.ts";
import { anyShape, flatShape, foldObject, listShape } from "../../../lib/cni/keys.ts";
import { type Issue, type JsonObject, report, throwIssues } from "../../../lib/cni/read.ts";
import type { ResultRoute } from "../../../lib/cni/result.ts";
import { schemaIssues } from "../../../lib/cni/schema.ts";
import { accessShape, defaultRoot, type RawAccess, readAccess } from "../../../lib/directory/read-access.ts";
import { readBlockBits } from "../../../lib/directory/read-block-bits.ts";
import type { OverlayMode } from "../../../lib/model/switch.ts";
import type { IpamConfig } from "../config.ts";
import type { RangeInput } from "../range.ts";
import { refuseMisspelt } from "../refuse-misspelt.ts";
import { type RawRoute, readRoutes } from "../routes.ts";

export interface PoolConfig extends Omit<Pool, "network"> {
  /** How long an ADD may take that needs the directory. */
  readonly timeoutMs: number;
  /** Asked for by `ipRanges`. */
  readonly addresses: readonly Ip[];
  /** Blocks are flannel's subnets: an agent leases them, and no ADD asks for one. */
  readonly leased?: true;
}

/** Seconds. */
const defaultTimeout = 5;

const shape = {
  type: anyShape,
  routes: listShape(flatShape("dst", "gw", "mtu", "advmss", "priority", "table", "scope")),
  dataDir: anyShape,
  resolvConf: anyShape,
  cooldown: anyShape,
  timeout: anyShape,
  ...accessShape,
  store: anyShape,
  cidrs: listShape(anyShape),
  blockBits: anyShape,
  mode: anyShape,
};
/** Of an ipam with ranges of its own. */
const others = ["subnet", "rangeStart", "rangeEnd", "gateway", "ranges", "source"];

interface RawPool extends RawAccess {
  readonly store?: "etcd" | "flannel";
  readonly cidrs?: readonly string[];
  readonly blockBits?: number;
  readonly mode?: OverlayMode;
  readonly timeout?: number;
  readonly cooldown?: number;
  readonly routes?: readonly RawRoute[];
  readonly resolvConf?: string;
}

/** @throws {CniError} 7 with every fault, 2 for a misspelt key */
export function parsePoolConfig(
  ipam: JsonObject,
  requested: readonly (readonly RangeInput[])[],
): IpamConfig & { readonly pool: PoolConfig } {
  const folded = foldObject(ipam, shape);
  refuseMisspelt(folded, [...Object.keys(shape), ...others]);
  const issues: Issue[] = [...schemaIssues(validate, folded, "ipam")];
  throwIssues(issues);
  const raw = folded as RawPool;
  for (const key of others)
    if (folded[key] !== undefined)
      report(issues, `ipam.${key}`, 'nothing beside "store": "etcd"', folded[key]);
  const cidrs = readCidrs(raw.cidrs, issues);
  const routes: readonly ResultRoute[] = readRoutes(raw.routes, issues);
  const pool = {
    access: readAccess(raw, "ipam", defaultRoot, issues),
    cidrs,
    blockBits: readBlockBits(raw.blockBits, cidrs, "ipam.blockBits", issues),
    mode: raw.mode ?? "routed",
    timeoutMs: (raw.timeout ?? defaultTimeout) * 1000,
    addresses: requested.flatMap((set, i) => singleOf(set, `runtimeConfig.ipRanges[${i}]`, issues) ?? []),
    ...(raw.store === "flannel" ? { leased: true as const } : {}),
  };
  throwIssues(issues);
  return {
    pool,
    sets: [],
    routes,
    ...(raw.resolvConf ? { resolvConf: raw.resolvConf } : {}),
    cooldownMs: (raw.cooldown ?? 60) * 1000,
  };
}

function readCidrs(texts: readonly string[] | undefined, issues: Issue[]): readonly Prefix[] {
  if (texts === undefined)
    report(issues, "ipam.cidrs", 'the network\'s addresses on all hosts, such as ["10.40.0.0/16"]', texts);
  const cidrs: Prefix[] = [];
  for (const [i, text] of (texts ?? []).entries()) {
    const cidr = parsePrefix(text);
    const path = `ipam.cidrs[${i}]`;
    if (cidr === undefined) report(issues, path, "a prefix such as 10.40.0.0/16", text);
    else if (networkOf(cidr) !== cidr)
      report(issues, path, `the network address, which is ${networkOf(cidr)}`, text);
    else {
      const other = cidrs.find((one) => overlaps(one, cidr));
      if (other !== undefined) report(issues, path, `one that does not overlap ${other}`, text);
      cidrs.push(cidr);
    }
  }
  return cidrs;
}

/** Of a range that is one address: hosts, not runtimes, say which ranges are whose. */
function singleOf(set: readonly RangeInput[], path: string, issues: Issue[]): Ip | undefined {
  const [range, ...more] = set;
  const { rangeStart, rangeEnd } = range ?? {};
  if (rangeStart !== undefined && rangeStart === rangeEnd && more.length === 0) return rangeStart;
  const families = new Set(set.map(({ subnet }) => prefixFamily(subnet)));
  return report(
    issues,
    path,
    `one address (rangeStart and rangeEnd) of IPv${[...families].join(" and ")}: etcd says which ranges are this host's`,
    set.map(({ subnet }) => subnet).join(", "),
  );
}
