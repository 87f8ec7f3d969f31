/**
 * ADD on a network that is dealt out among hosts: out of the blocks of this host, which nobody else gives anything out of.
 * The directory is not asked while they have room.
 */
import { type Family, type Ip, ipFamily } from "../../../lib/addr/ip.ts";
import { prefixLength, prefixOf } from "../../../lib/addr/prefix.ts";
import { isClaimed } from "../../../lib/cluster/fixed-age.ts";
import { type Pool, poolFamilies } from "../../../lib/cluster/pool.ts";
import { CniError, errorCode } from "../../../lib/cni/error.ts";
import type { AddRequest } from "../../../lib/cni/request.ts";
import type { ResultIp } from "../../../lib/cni/result.ts";
import type { Lease, LeaseOwner } from "../../../lib/state/rows.ts";
import type { Store } from "../../../lib/state/store.ts";
import type { IpamResult } from "../../../lib/verbs/ipam-result.ts";
import { allocate, inSet } from "../allocate.ts";
import type { IpamConfig, RangeSet } from "../config.ts";
import type { IpamContext } from "../context.ts";
import { leaseOwner } from "../lease-owner.ts";
import { isWithin, type Range } from "../range.ts";
import { readResolvConf } from "../resolv-conf.ts";
import { blockSet } from "./block-set.ts";
import { requireChecked } from "./checked.ts";
import type { PoolConfig } from "./config.ts";
import { type Lack, LackingError } from "./lacking.ts";
import { addressesByFamily, rangeOf } from "./wanted.ts";

interface PoolIpam extends IpamConfig {
  readonly pool: PoolConfig;
}

/** What an address is given by. */
interface Giving {
  readonly owner: LeaseOwner;
  readonly config: PoolIpam;
  readonly pool: Pool;
  readonly store: Store;
  readonly context: IpamContext;
  readonly held: readonly Lease[];
  readonly wanted: ReadonlyMap<Family, Ip>;
}

/**
 * @param asked for by the runtime, in whatever way but `ipRanges`
 * @throws {LackingError} before anything is done @throws {CniError} 7, 103, 108
 */
export function poolAdd(
  request: AddRequest,
  config: PoolIpam,
  asked: readonly Ip[],
  store: Store,
  context: IpamContext,
): IpamResult {
  const owner = leaseOwner(request, request.netns);
  const { timeoutMs, addresses, leased, ...dealt } = config.pool;
  const pool: Pool = { ...dealt, network: owner.network };
  const wanted = addressesByFamily([...asked, ...addresses], pool);
  const dns = config.resolvConf === undefined ? {} : readResolvConf(config.resolvConf);
  if (!leased) requireChecked(store, pool, timeoutMs, context.now());
  return store.transaction(() => {
    const held = store.leases.held(owner.key);
    if (held.length > 0) store.leases.renew(owner);
    const giving = { owner, config, pool, store, context, held, wanted };
    const given = poolFamilies(pool).map((family) => give(family, giving));
    return {
      interfaces: [],
      routes: config.routes,
      dns,
      ips: given.map(({ ip }) => ip),
      apart: given.flatMap(({ apart }) => apart ?? []),
    };
  });
}

interface Given {
  readonly ip: ResultIp;
  readonly apart?: Ip;
}

function give(family: Family, giving: Giving): Given {
  const { owner, config, pool, store, held, wanted, context } = giving;
  const { cooldownMs } = config;
  const set = blockSet(store, pool, family);
  const asked = wanted.get(family) ?? heldSingle(family, giving);
  if (asked === undefined || inSet(set, asked)) {
    const address = orLacking(
      () => allocate({ owner, set, address: asked, held, cooldownMs }, store, context),
      giving,
    );
    return {
      ip: resultIp(address, set.ranges.find((range) => isWithin(range, address)) ?? rangeOf(address, pool)),
    };
  }
  if (!isOwn(asked, giving))
    throw lackingOf(config, {
      pool,
      timeoutMs: config.pool.timeoutMs,
      families: [],
      fixed: { address: asked, owner },
    });
  const whole: RangeSet = { ...set, usable: [...set.usable, { first: asked, last: asked }] };
  allocate({ owner, set: whole, address: asked, held, cooldownMs }, store, context);
  const ip = resultIp(asked, rangeOf(asked, pool));
  return pool.mode === "routed" ? { ip, apart: asked } : { ip };
}

/** Claimed by its key. */
function isOwn(address: Ip, { owner, pool, store, held, context }: Giving): boolean {
  const row = store.fixed.get(pool.network, address);
  const lease = held.find((each) => each.address === address);
  return isClaimed(row, lease, { key: owner.key, bootId: store.bootId, nowMs: context.now() });
}

/** The same attachment again gets the same again. */
function heldSingle(family: Family, { owner, pool, store, held }: Giving): Ip | undefined {
  const single = held.find(
    ({ address }) =>
      ipFamily(address) === family && store.fixed.get(pool.network, address)?.key === owner.key,
  );
  return single?.address;
}

/** @throws {LackingError} where nothing is free */
function orLacking(fn: () => Ip, { config, pool, wanted }: Giving): Ip {
  try {
    return fn();
  } catch (error) {
    if (!(error instanceof CniError) || error.reason !== "pool-exhausted") throw error;
    const families = poolFamilies(pool).filter((family) => !wanted.has(family));
    throw lackingOf(config, { pool, timeoutMs: config.pool.timeoutMs, families });
  }
}

/** What flannel's directory gives, an agent asks for, not an ADD. */
function lackingOf(config: PoolIpam, lack: Lack): CniError {
  if (!config.pool.leased) return new LackingError(lack);
  const { network } = lack.pool;
  return new CniError(
    errorCode.tryAgainLater,
    lack.fixed === undefined
      ? `network ${network}: this host has no free address of a subnet of flannel's`
      : `network ${network}: ${lack.fixed.address} is in no subnet of flannel's that this host has`,
    {
      reason: "subnet-unleased",
      details:
        "an agent leases the host's subnet: vswitch agent --cni-conf-dir /etc/cni/net.d; vswitch status tells what keeps it from that",
    },
  );
}

const resultIp = (address: Ip, { subnet, gateway }: Pick<Range, "subnet" | "gateway">): ResultIp => ({
  address: prefixOf(address, prefixLength(subnet)),
  ...(gateway === undefined ? {} : { gateway }),
});
