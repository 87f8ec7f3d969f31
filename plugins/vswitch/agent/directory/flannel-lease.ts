/** This host's subnet in a flannel network: which one it is, and whether its record says what it shall. Pure. */
import { ipFamily } from "../../../../lib/addr/ip.ts";
import { type Prefix, prefixFamily } from "../../../../lib/addr/prefix.ts";
import { CniError, errorCode } from "../../../../lib/cni/error.ts";
import { type FlannelState, flannelLeasesOf, flannelSubnets } from "../../../../lib/directory/flannel.ts";
import {
  type FlannelLease,
  flannelVni,
  formatFlannelLease,
  formatFlannelSubnets,
} from "../../../../lib/directory/flannel-lease.ts";
import type { LocalNode } from "../../../../lib/directory/known.ts";
import type { Entry } from "../../../../lib/directory/state.ts";
import type { Member } from "./membership.ts";

export interface WantedLease {
  readonly subnet: Prefix;
  /** As flannel writes it. */
  readonly value: string;
  /** What is there under its key. */
  readonly found: Entry<FlannelLease> | undefined;
  /** The record is this host's, perhaps of before its address changed. */
  readonly ours: boolean;
}

/**
 * What containers have addresses of comes first, then what this host had, then one that nobody has.
 *
 * @param own of the configuration, or of the state file
 * @returns undefined while flannel's own configuration is not such that this host could take part
 * @throws {CniError} 102 when all subnets are leased
 */
export function wantedLease(
  state: FlannelState,
  { vtep, mac }: LocalNode,
  { vni, udpPort }: Member,
  own: Prefix | undefined,
): WantedLease | undefined {
  const config = state.tables.config.get("config")?.record;
  const family = ipFamily(vtep);
  if (config?.pools[family] === undefined || config.backend !== "vxlan") return undefined;
  if (flannelVni(config.vni) !== flannelVni(vni) || config.udpPort !== udpPort) return undefined;
  const value = formatFlannelLease({ tunnels: { [family]: { vtep, mac, vni } } });
  const isOurs = ({ record }: Entry<FlannelLease>): boolean => {
    const tunnel = record.tunnels[family];
    return tunnel?.vtep === vtep || tunnel?.mac === mac;
  };
  const before = own ?? flannelLeasesOf(state, vtep)[0]?.record.subnets[family];
  const subnet = before ?? freeSubnet(state, vtep);
  const found = state.tables.subnets.get(formatFlannelSubnets({ [family]: subnet }));
  return { subnet, value, found, ours: found !== undefined && isOurs(found) };

  function freeSubnet({ tables }: FlannelState, seed: string): Prefix {
    const taken = [...tables.subnets.values()].flatMap(({ record }) => record.subnets[family] ?? []);
    for (const candidate of config === undefined ? [] : flannelSubnets(config, family, taken, seed))
      return candidate;
    throw new CniError(
      errorCode.poolExhausted,
      `flannel's network has no free subnet: ${taken.length} are leased`,
      {
        reason: "blocks-exhausted",
        details: "delete the keys of hosts that are gone, or give flannel a larger network",
      },
    );
  }
}

/** Of the family that the tunnel has: flannel's other family has tunnels of its own. */
export const ownSubnet = (
  { vtep }: Pick<LocalNode, "vtep">,
  { subnets }: Pick<Member, "subnets">,
  blocks: readonly Prefix[],
): Prefix | undefined => [...subnets, ...blocks].find((cidr) => prefixFamily(cidr) === ipFamily(vtep));
