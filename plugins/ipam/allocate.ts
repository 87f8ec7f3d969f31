/** One address out of a set of ranges: the one asked for, the one held already, or the next. */
import type { Ip } from "../../lib/addr/ip.ts";
import { ipNumber } from "../../lib/addr/ip.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import { removalOf } from "../../lib/state/removal.ts";
import type { Lease, LeaseOwner } from "../../lib/state/rows.ts";
import type { Store } from "../../lib/state/store.ts";
import type { RangeSet } from "./config.ts";
import { type IpamContext, isGone } from "./context.ts";
import { isWithin } from "./range.ts";

export interface Wish {
  readonly owner: LeaseOwner;
  readonly set: RangeSet;
  /** Asked for by the runtime. */
  readonly address: Ip | undefined;
  /** What the owner has already, of an ADD that came before. */
  readonly held: readonly Lease[];
  readonly cooldownMs: number;
}

/** @throws {CniError} 102 exhausted, 103 taken, 108 the owner has another address already */
export function allocate(wish: Wish, store: Store, context: IpamContext): Ip {
  const { owner, set, address } = wish;
  const held = wish.held.find((lease) => inSet(set, lease.address))?.address;
  if (held !== undefined && address !== undefined && held !== address) throw holdsAnother(held, address);
  if (held !== undefined) return held;
  if (address === undefined) return next(wish, store, context);
  const holder = store.leases.holder(owner.network, address);
  if (holder !== undefined && holder.key !== owner.key) reclaim([holder], store, context);
  store.leases.take(owner, address);
  return address;
}

export const inSet = (set: RangeSet, address: Ip): boolean =>
  set.usable.some((interval) => isWithin(interval, address));

function next({ owner, set, cooldownMs }: Wish, store: Store, context: IpamContext): Ip {
  const taken = store.leases.takeNext(owner, set.usable) ?? afterReclaim(owner, set, store, context);
  if (taken === undefined) throw exhausted(owner.network, set);
  const { address, restedMs } = taken;
  if (restedMs !== undefined && restedMs < cooldownMs) {
    const seconds = (Math.max(0, restedMs) / 1000).toFixed(1);
    context.log.warn(
      `address ${address} was released ${seconds} s ago and is used again: network ${owner.network} has no other`,
    );
  }
  return address;
}

function afterReclaim(owner: LeaseOwner, set: RangeSet, store: Store, context: IpamContext) {
  const candidates = store.leases.list(owner.network).filter((lease) => inSet(set, lease.address));
  return reclaim(candidates, store, context) > 0 ? store.leases.takeNext(owner, set.usable) : undefined;
}

/**
 * Frees leases whose compartment is verifiably gone. One with an endpoint of ours is freed only together with its
 * kernel objects: a published port must not lead to the next holder of the address.
 *
 * @returns how many were freed
 */
export function reclaim(leases: readonly Lease[], store: Store, context: IpamContext): number {
  let freed = 0;
  const gone = new Map<string, boolean>();
  for (const lease of leases) {
    const known = gone.get(lease.netns) ?? isGone(lease.netns, context);
    gone.set(lease.netns, known);
    if (known && reclaimOne(lease, store, context)) freed++;
  }
  if (freed > 0) context.log.warn(`freed ${freed} addresses of compartments that are gone without DEL`);
  return freed;
}

function reclaimOne(lease: Lease, store: Store, context: IpamContext): boolean {
  const { backend, log } = context;
  const endpoint = store.endpoints.get(lease.key);
  if (endpoint !== undefined) {
    if (backend === undefined) return false;
    try {
      backend.remove(removalOf(endpoint));
    } catch (error) {
      log.warn(`cannot free ${lease.address}: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
    store.endpoints.remove(lease.key);
  }
  store.leases.release(lease.key);
  return true;
}

function holdsAnother(held: Ip, asked: Ip): CniError {
  return new CniError(
    errorCode.conflict,
    `cannot give address ${asked}: this attachment holds ${held} already`,
    {
      reason: "address-held",
      details: "an ADD with the same container and interface came before: call DEL first",
    },
  );
}

function exhausted(network: string, set: RangeSet): CniError {
  const size = set.usable.reduce((sum, { first, last }) => sum + ipNumber(last) - ipNumber(first) + 1n, 0n);
  const ranges = set.ranges.map((range) => `${range.first}-${range.last}`).join(", ");
  return new CniError(
    errorCode.poolExhausted,
    `network ${network} has no free address: all ${size} of ${ranges} are leased`,
    {
      reason: "pool-exhausted",
      details:
        "remove containers (DEL), let the runtime call GC, or configure a larger subnet or one more range",
    },
  );
}
