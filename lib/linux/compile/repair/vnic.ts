/** The adapter in the compartment, with its addresses and routes. Pure. */
import { contains, networkOf, type Prefix, prefixAddress, prefixFamily } from "../../../addr/prefix.ts";
import { formatRoute, sameRoute, strayRoutes } from "../../../model/diff.ts";
import type { EndpointFacts } from "../../../model/facts.ts";
import type { Plan } from "../../../model/plan.ts";
import type { Route } from "../../../model/vnic.ts";
import type { Request } from "../../../netlink/message.ts";
import { addAddress } from "../../../netlink/route/address.ts";
import { deleteRoute, type NewRoute, replaceRoute } from "../../../netlink/route/route.ts";
import { RTPROT_KERNEL } from "../../../netlink/route/rtmsg.ts";
import { type LinkChanges, setLink } from "../../../netlink/route/set-link.ts";
import type { Step } from "../../step.ts";
import { addressFlags, enableIpv6, inOrder } from "../vnic.ts";
import { own, wordsOf } from "./own-step.ts";

type VnicFacts = NonNullable<NonNullable<EndpointFacts["compartment"]>["vnic"]>;

/** An interface that was down has lost routes and IPv6 addresses: what is missing is known before, and put back after. */
export function repairVnic(plan: Plan, { compartment }: EndpointFacts): readonly Step[] {
  const found = compartment?.vnic;
  if (found === undefined) return [];
  const { vnic } = plan;
  const addresses = vnic.addresses.filter((address) => !found.addresses.includes(address));
  const routes = inOrder(
    vnic.routes.filter((route) => !found.routes.some((other) => sameRoute(route, other))),
  );
  const settings: LinkChanges = {
    ...(found.mtu === vnic.mtu ? {} : { mtu: vnic.mtu }),
    ...(found.mac === vnic.mac ? {} : { mac: vnic.mac }),
  };
  const needsIpv6 = addresses.some((address) => prefixFamily(address) === 6);
  return [
    // Too small an MTU takes IPv6 and its settings away: it comes first.
    ...inCompartment(plan, [`link set ${vnic.name}`, ...wordsOf(settings)], (index) => [
      setLink(index, settings),
    ]),
    ...(needsIpv6 ? enableIpv6(plan) : []),
    ...inCompartment(plan, ["addr add", ...addresses], (index) =>
      addresses.map((address) => addAddress({ index, address, ...addressFlags(plan, address) })),
    ),
    ...inCompartment(plan, [`link set ${vnic.name}`, ...(found.up ? [] : ["up"])], (index) => [
      setLink(index, { up: true }),
    ]),
    ...inCompartment(plan, ["route del", ...strayRoutes(plan, found.routes).map(formatRoute)], (index) =>
      strayRoutes(plan, found.routes).map(({ destination: dst }) => deleteRoute({ dst, index })),
    ),
    ...repairOnLink(plan, found, routes),
    ...inCompartment(plan, ["route replace", ...routes.map(formatRoute)], (index) =>
      routes.map(({ destination: dst, ...rest }) => replaceRoute({ dst, index, ...rest })),
    ),
  ];
}

/** The kernel's own routes to the subnets of addresses that are there: without them no gateway can be reached. */
function repairOnLink(plan: Plan, found: VnicFacts, routes: readonly Route[]): readonly Step[] {
  if (!found.up) return [];
  const lost = plan.vnic.addresses.filter((address) => {
    const needed = routes.some(({ gateway }) => gateway !== undefined && contains(address, gateway));
    const near = ({ destination, gateway }: Route): boolean =>
      gateway === undefined && destination === networkOf(address);
    return needed && found.addresses.includes(address) && !found.routes.some(near);
  });
  return inCompartment(plan, ["route replace", ...lost.map(networkOf)], (index) =>
    lost.map((address) => replaceRoute({ dst: networkOf(address), index, ...kernelRoute(address) })),
  );
}

/** As the kernel makes it with an address. */
function kernelRoute(address: Prefix): Pick<NewRoute, "protocol" | "scope" | "src" | "priority"> {
  const src = prefixAddress(address);
  return prefixFamily(address) === 4
    ? { protocol: RTPROT_KERNEL, scope: "link", src }
    : { protocol: RTPROT_KERNEL, priority: 256 };
}

/** @returns nothing when no word says what for */
function inCompartment(
  { compartment: { path } }: Plan,
  words: readonly string[],
  requests: (vnic: number) => readonly Request[],
): readonly Step[] {
  if (words.length < 2) return [];
  const title = `in ${path}: ${words.join(" ")}`;
  return [{ ...own(title), action: { kind: "compartment", requests: (index) => requests(index("vnic")) } }];
}
