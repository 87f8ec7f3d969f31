/** Reading vNICs that hang on an uplink, and what they hang on. Changes nothing. */
import type { EndpointFacts } from "../../model/facts.ts";
import type { Plan } from "../../model/plan.ts";
import { hostAdapterOf, type StackedSwitch } from "../../model/switch.ts";
import { linkName } from "../../model/vm-nic.ts";
import type { Netlink } from "../../netlink/connection.ts";
import type { Link } from "../../netlink/route/decode-link.ts";
import { decodeRoute } from "../../netlink/route/decode-route.ts";
import { dumpRoutes } from "../../netlink/route/route.ts";
import { decodeSublink, sublinkTitle } from "../../netlink/route/sublink.ts";
import { addressesOf } from "../addresses-of.ts";
import { linkOf } from "../link-of.ts";
import { interfaceFacts, observeVnic } from "../observe.ts";
import { hostRoute } from "./host-route.ts";
import type { StackedState } from "./switch.ts";
import { sublinkOf } from "./vnic.ts";

export function observeStackedSwitch(host: Netlink, vswitch: StackedSwitch): StackedState {
  const { uplink, lower } = vswitch;
  const adapter = hostAdapterOf(vswitch);
  const link = linkOf(host, uplink);
  return {
    uplink: link,
    lower: lower === uplink ? link : linkOf(host, lower),
    adapter: adapter === undefined ? undefined : linkOf(host, adapter.name),
  };
}

/** @param inside rtnetlink of the compartment; absent when it cannot be entered */
export function observeStackedEndpoint(
  host: Netlink,
  plan: Plan<StackedSwitch>,
  inside: Netlink | undefined,
): EndpointFacts {
  const { lower, adapter } = observeStackedSwitch(host, plan.switch);
  return {
    ...(lower === undefined ? {} : { switch: interfaceFacts(lower, addressesOf(host, lower.index)) }),
    ...(inside === undefined ? {} : { compartment: observeVnic(inside, linkName(plan)) }),
    missing: [...strangeVnic(plan, lower, inside), ...lostHostWays(host, plan, adapter)],
  };
}

/** An interface of that name that is not ours, or hangs on something else. */
function strangeVnic(
  plan: Plan<StackedSwitch>,
  lower: Link | undefined,
  inside: Netlink | undefined,
): readonly string[] {
  const { switch: vswitch } = plan;
  const name = linkName(plan);
  const link = inside === undefined ? undefined : linkOf(inside, name);
  if (link === undefined || lower === undefined) return [];
  const wanted = sublinkTitle(sublinkOf(vswitch));
  const found = decodeSublink(link);
  // A macvlan of a macvlan hangs on what that one hangs on.
  const base = lower.kind === "macvlan" ? lower.peerIndex : lower.index;
  const same = found !== undefined && sublinkTitle(found) === wanted && link.peerIndex === base;
  return same ? [] : [`${name} as ${wanted} of ${vswitch.lower}`];
}

function lostHostWays(
  host: Netlink,
  { key, switch: vswitch, vnic }: Plan,
  adapter: Link | undefined,
): readonly string[] {
  const wanted = hostAdapterOf(vswitch);
  if (wanted === undefined) return [];
  if (adapter === undefined) return [`the host's adapter ${wanted.name}`];
  const routes = host.request(dumpRoutes({ index: adapter.index })).map(decodeRoute);
  const lost = vnic.addresses
    .map((address) => hostRoute(key, address, adapter.index))
    .filter((own) => !routes.some(({ dst, priority }) => dst === own.dst && priority === own.priority));
  return [
    ...(adapter.up ? [] : [`the host's adapter ${wanted.name}, up`]),
    ...lost.map(({ dst }) => `the host's route ${dst} dev ${wanted.name}`),
  ];
}
