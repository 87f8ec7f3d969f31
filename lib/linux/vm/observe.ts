/** Reading the tap of a synthetic VM NIC, and what joins it to the switch. Changes nothing. */
import type { TapFacts } from "../../model/facts.ts";
import type { Plan } from "../../model/plan.ts";
import { isVmPlan, linkName } from "../../model/vm-nic.ts";
import type { Netlink } from "../../netlink/connection.ts";
import type { Link } from "../../netlink/route/decode-link.ts";
import { decodeTap } from "../../netlink/route/tun.ts";
import { decodeRedirect, dumpIngressFilters } from "../../netlink/tc/redirect.ts";
import { isErrno } from "../../os/error.ts";
import { addressesOf } from "../addresses-of.ts";
import { linkOf } from "../link-of.ts";

/**
 * @param inside rtnetlink of the compartment; absent when it cannot be entered
 * @returns undefined where there is no tap, and of another vNIC
 */
export function observeTap(host: Netlink, plan: Plan, inside: Netlink | undefined): TapFacts | undefined {
  if (!isVmPlan(plan)) return undefined;
  const { name, attach } = plan.vnic.tap;
  const where = attach === "switch" ? host : inside;
  const link = where && linkOf(where, name);
  const tap = link && decodeTap(link);
  if (where === undefined || link === undefined || tap === undefined) return undefined;
  const { group, multiQueue } = tap;
  // Root is who has one that was asked for nobody.
  const owner = plan.vnic.tap.owner === undefined && tap.owner === 0 ? undefined : tap.owner;
  return {
    up: link.up,
    mtu: link.mtu,
    addresses: addressesOf(where, link.index),
    multiQueue,
    ...(link.mac === undefined ? {} : { mac: link.mac }),
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
    ...(attach === "switch" ? {} : { joined: joinedFacts(where, linkOf(where, linkName(plan)), link) }),
  };
}

function joinedFacts(inside: Netlink, link: Link | undefined, tap: Link): NonNullable<TapFacts["joined"]> {
  return {
    towardsGuest: link !== undefined && targetsOf(inside, link.index).includes(tap.index),
    fromGuest: link !== undefined && targetsOf(inside, tap.index).includes(link.index),
  };
}

function targetsOf(netlink: Netlink, index: number): readonly number[] {
  try {
    return netlink.request(dumpIngressFilters(index)).flatMap((filter) => decodeRedirect(filter) ?? []);
  } catch (error) {
    if (isErrno(error, "EINVAL", "ENOENT")) return [];
    throw error;
  }
}
