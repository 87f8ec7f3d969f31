/** What of a guest's routes is known before it has them. Pure. */

import type { Family } from "../addr/ip.ts";
import { defaultPrefix, prefixFamily } from "../addr/prefix.ts";
import type { DefaultRoute } from "../model/facts.ts";
import { isVmPlan } from "../model/vm-nic.ts";
import type { EndpointRow } from "../state/rows.ts";

/** What Linux gives a route that names none (net/ipv6.h IP6_RT_PRIO_USER). */
const usualMetric: Readonly<Record<Family, number>> = { 4: 0, 6: 1024 };

/**
 * The default routes that a guest gets by its other NICs. Its compartment on the host has none of them.
 *
 * @param row the endpoint that is about to be attached
 */
export function guestDefaultRoutes(
  { containerId, key, bootId }: Pick<EndpointRow, "containerId" | "key" | "bootId">,
  rows: readonly EndpointRow[],
): readonly DefaultRoute[] {
  return rows
    .filter((row) => row.containerId === containerId && row.key !== key && row.bootId === bootId)
    .flatMap(({ plan }) => (plan !== null && isVmPlan(plan) ? plan.vnic.routes : []))
    .flatMap(({ destination, table, priority }) => {
      const family = prefixFamily(destination);
      if (destination !== defaultPrefix(family) || table !== undefined) return [];
      return [{ family, priority: priority ?? usualMetric[family] }];
    });
}
