/** A plan after a DHCP server changed its mind: what `check` and `repair` go by from then on. Pure. */
import { type Prefix, prefixAddress } from "../../../../lib/addr/prefix.ts";
import type { Plan } from "../../../../lib/model/plan.ts";
import type { Route } from "../../../../lib/model/vnic.ts";
import type { Policy } from "../../../../lib/policy/policy.ts";
import type { LeaseSettings } from "../../../../lib/seam/dhcp-backend.ts";

/**
 * @param before what the plan has of the lease; absent: nothing
 * @param after what it shall have; absent: nothing
 */
export function replan(
  plan: Plan,
  before: LeaseSettings | undefined,
  after: LeaseSettings | undefined,
): Plan {
  const { vnic, port } = plan;
  const addresses = swap(vnic.addresses, before ? [before.address] : [], after ? [after.address] : []);
  const old = vnic.routes.filter((route) => isOf(before, route) || isOf(after, route));
  const priority = old.find((route) => route.priority !== undefined)?.priority;
  const routes = swap(
    vnic.routes,
    old,
    (after?.routes ?? []).map((route) => ({ ...route, ...(priority !== undefined && { priority }) })),
  );
  const policies = port.policies.map((policy) => guarding(policy, before?.address, after?.address));
  // A server that says another than before; what the switch cannot carry the kernel refuses.
  const isNew = after?.mtu !== undefined && after.mtu !== before?.mtu;
  const mtu = isNew ? Math.min(after.mtu, plan.switch.mtu) : vnic.mtu;
  return { ...plan, vnic: { ...vnic, mtu, addresses, routes }, port: { ...port, policies } };
}

const isOf = (settings: LeaseSettings | undefined, { destination, gateway }: Route): boolean =>
  settings?.routes.some((route) => route.destination === destination && route.gateway === gateway) === true;

/** The port's guard lets the new address pass in place of the old one. */
function guarding(policy: Policy, before: Prefix | undefined, after: Prefix | undefined): Policy {
  if (policy.kind !== "Guard") return policy;
  const bare = (prefix: Prefix | undefined) => (prefix === undefined ? [] : [prefixAddress(prefix)]);
  return { ...policy, addresses: swap(policy.addresses, bare(before), bare(after)) };
}

/** Where the first of the old ones stood, the new ones stand; without any they come last. */
function swap<T>(list: readonly T[], old: readonly T[], fresh: readonly T[]): readonly T[] {
  const isOut = (one: T): boolean => old.includes(one) || fresh.includes(one);
  const first = list.findIndex(isOut);
  const at = first < 0 ? list.length : first;
  return [...list.slice(0, at), ...fresh, ...list.slice(at).filter((one) => !isOut(one))];
}
