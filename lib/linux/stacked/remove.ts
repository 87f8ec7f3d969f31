/** Taking away vNICs that hang on an uplink, and what the host has beside them. Absent is success. */
import type { Prefix } from "../../addr/prefix.ts";
import { adapterName, type Plan, portName } from "../../model/plan.ts";
import { hostAdapterOf, isExternal, isStacked } from "../../model/switch.ts";
import { linkName } from "../../model/vm-nic.ts";
import type { Netlink } from "../../netlink/connection.ts";
import { decodeLink, type Link } from "../../netlink/route/decode-link.ts";
import { deleteLink, dumpLinks } from "../../netlink/route/link.ts";
import { deleteRoute } from "../../netlink/route/route.ts";
import type { RemovedSwitch } from "../../seam/backend.ts";
import { gone } from "../gone.ts";
import { linkOf } from "../link-of.ts";
import { isAdapterOf, isOurVlan, markedKey, parseEndpointAlias } from "../mark.ts";
import { hostRoute } from "./host-route.ts";

/** Kinds of links that a stacked vNIC may be. */
const kinds = ["macvlan", "ipvlan"] as const;

/**
 * Only what bears the endpoint's mark goes, or what an ADD that was killed has left without one.
 *
 * @param plan absent when the state is lost: the vNIC tells then which routes the host has to it, which go first
 */
export function removeStackedVnic(
  { host, inside }: { readonly host: Netlink; readonly inside: Netlink },
  key: string,
  plan: Plan | undefined,
): void {
  if (plan !== undefined && !isStacked(plan.switch)) return;
  const named = plan === undefined ? undefined : linkOf(inside, linkName(plan));
  const isThere = named !== undefined && isVnicOf(named, key, plan);
  const own = isThere ? [named] : allOf(inside).filter((link) => isVnicOf(link, key, plan));
  if (plan === undefined) for (const { alias } of own) removeMarkedRoutes(host, alias);
  for (const link of own) gone(inside, deleteLink(link.index));
}

/** Somebody may have given it another name. */
const allOf = (inside: Netlink): readonly Link[] =>
  kinds.flatMap((kind) => inside.request(dumpLinks({ kind })).map(decodeLink));

export function isVnicOf(link: Link, key: string, plan: Plan | undefined): boolean {
  if (!(kinds as readonly (string | undefined)[]).includes(link.kind)) return false;
  if (link.alias !== undefined) return markedKey(link.alias) === key;
  if (plan?.switch.kind === "ipvlan") return link.name === firstName(plan);
  return plan !== undefined && link.mac === plan.vnic.mac;
}

/** Until it has its mark: an ipvlan's MAC tells nobody apart. */
export const firstName = ({ key }: Pick<Plan, "key">): string => portName(key);

/** Of the host's way to an endpoint. */
export function removeHostRoutes(host: Netlink, { key, switch: vswitch, vnic }: Plan): void {
  const adapter = hostAdapterOf(vswitch);
  if (adapter !== undefined) removeRoutes(host, adapter.name, key, vnic.addresses);
}

/** The same by a vNIC's alias, which tells its network and addresses. */
function removeMarkedRoutes(host: Netlink, alias: string | undefined): void {
  const mark = parseEndpointAlias(alias);
  if (mark?.owner !== undefined)
    removeRoutes(host, adapterName(mark.owner.network), mark.key, mark.addresses);
}

function removeRoutes(host: Netlink, adapter: string, key: string, addresses: readonly Prefix[]): void {
  const index = linkOf(host, adapter)?.index;
  if (index === undefined) return;
  for (const address of addresses) gone(host, deleteRoute(hostRoute(key, address, index)));
}

/** The host's adapter, and the VLAN where no other network has vNICs on it. */
export function removeStackedSwitch(host: Netlink, { network, definition, lowerInUse }: RemovedSwitch): void {
  const name = (definition && hostAdapterOf(definition)?.name) ?? adapterName(network);
  const adapter = linkOf(host, name);
  if (adapter !== undefined && isAdapterOf(adapter, network)) gone(host, deleteLink(adapter.index));
  if (definition === undefined || !isExternal(definition) || definition.vlan === undefined || lowerInUse)
    return;
  const vlan = linkOf(host, definition.lower);
  if (vlan !== undefined && isOurVlan(vlan)) gone(host, deleteLink(vlan.index));
}
