/** A network as far as its addresses go: where hosts agree on whose they are, and how they are dealt out. */
import { type Family, type Ip, ipFromNumber, ipNumber } from "../addr/ip.ts";
import {
  bounds,
  contains,
  firstHost,
  lastHost,
  networkOf,
  type Prefix,
  prefixAddress,
  prefixFamily,
} from "../addr/prefix.ts";
import type { EtcdAccess } from "../directory/config.ts";
import type { OverlayMode } from "../model/switch.ts";
import type { AddressInterval } from "../state/rows.ts";

/** What the configuration says of it. It is kept in the state file for who tends the blocks (`store.pools`). */
export interface Pool {
  readonly network: string;
  readonly access: EtcdAccess;
  /** Of the network on all hosts. */
  readonly cidrs: readonly Prefix[];
  /** Length of the prefixes of blocks, by family. */
  readonly blockBits: Readonly<Record<Family, number>>;
  /** `routed`: each block is a subnet with a gateway of its own; `stretched`: a block only bounds what a host gives out. */
  readonly mode: OverlayMode;
}

/** What containers get of a block. */
export interface BlockRange extends AddressInterval {
  readonly subnet: Prefix;
  readonly gateway: Ip;
}

/** @returns undefined for a block that is not the network's (any more) */
export function blockRange(
  { cidrs, mode }: Pick<Pool, "cidrs" | "mode">,
  block: Prefix,
): BlockRange | undefined {
  const family = prefixFamily(block);
  const cidr = cidrs.find((whole) => contains(whole, prefixAddress(block)));
  if (cidr === undefined) return undefined;
  const subnet = mode === "routed" ? block : networkOf(cidr);
  const gateway = firstHost(subnet);
  const own = bounds(block);
  const [lowest, highest] = [ipNumber(gateway) + 1n, ipNumber(lastHost(subnet))];
  return {
    subnet,
    gateway,
    first: ipFromNumber(family, own.first < lowest ? lowest : own.first),
    last: ipFromNumber(family, own.last > highest ? highest : own.last),
  };
}

export const poolFamilies = ({ cidrs }: Pick<Pool, "cidrs">): readonly Family[] =>
  ([4, 6] as const).filter((family) => cidrs.some((cidr) => prefixFamily(cidr) === family));
