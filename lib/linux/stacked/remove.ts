/** Taking away vNICs that hang on an uplink, and what the host has beside them. Absent is success. */
import { hostPrefix, prefixAddress } from "../../addr/prefix.ts";
import type { RemovedSwitch } from "../../backend.ts";
import { adapterName, type Plan, portName } from "../../model/plan.ts";
import { type HostAdapter, isExternal, type Switch } from "../../model/switch.ts";
import type { Netlink } from "../../netlink/connection.ts";
import { decodeLink, type Link } from "../../netlink/route/decode-link.ts";
import { deleteLink, dumpLinks } from "../../netlink/route/link.ts";
import { deleteRoute } from "../../netlink/route/route.ts";
import { isErrno } from "../../os/error.ts";
import { linkOf } from "../link-of.ts";
import { isAdapterOf, markedKey, vlanAlias } from "../mark.ts";

/** Kinds of links that a stacked vNIC may be. */
const kinds = ["macvlan", "ipvlan"] as const;

/**
 * Only what bears the endpoint's mark goes, or what an ADD that was killed has left without one.
 *
 * @param plan absent when the state is lost
 */
export function removeStackedVnic(inside: Netlink, key: string, plan: Plan | undefined): void {
  const candidates =
    plan === undefined
      ? kinds.flatMap((kind) => inside.request(dumpLinks({ kind })).map(decodeLink))
      : [...new Set([plan.vnic.name, firstName(plan)])]
          .map((name) => linkOf(inside, name))
          .filter((link) => link !== undefined);
  for (const link of candidates) if (isVnicOf(link, key, plan)) gone(inside, deleteLink(link.index));
}

export function isVnicOf(link: Link, key: string, plan: Plan | undefined): boolean {
  if (!(kinds as readonly (string | undefined)[]).includes(link.kind)) return false;
  if (link.alias !== undefined) return markedKey(link.alias) === key;
  if (plan?.switch.kind === "ipvlan") return link.name === firstName(plan);
  return plan !== undefined && link.mac === plan.vnic.mac;
}

/** An ipvlan's MAC tells nobody apart, so that it has a name of its own until it bears its mark. */
export const firstName = ({ switch: { kind }, key, vnic }: Plan): string =>
  kind === "ipvlan" ? portName(key) : vnic.name;

/** Of the host's way to an endpoint. */
export function removeHostRoutes(host: Netlink, { switch: vswitch, vnic }: Plan): void {
  const adapter = hostAdapterOf(vswitch);
  const index = adapter === undefined ? undefined : linkOf(host, adapter.name)?.index;
  if (index === undefined) return;
  for (const address of vnic.addresses)
    gone(host, deleteRoute({ dst: hostPrefix(prefixAddress(address)), index }));
}

export function hostAdapterOf(vswitch: Switch): HostAdapter | undefined {
  return vswitch.kind === "macvlan" ? vswitch.host : undefined;
}

/** The host's adapter, and the VLAN where no other network has vNICs on it. */
export function removeStackedSwitch(host: Netlink, { network, definition, lowerInUse }: RemovedSwitch): void {
  const name = (definition && hostAdapterOf(definition)?.name) ?? adapterName(network);
  const adapter = linkOf(host, name);
  if (adapter !== undefined && isAdapterOf(adapter, network)) gone(host, deleteLink(adapter.index));
  if (definition === undefined || !isExternal(definition) || definition.vlan === undefined || lowerInUse)
    return;
  const vlan = linkOf(host, definition.lower);
  if (vlan?.kind === "vlan" && vlan.alias === vlanAlias) gone(host, deleteLink(vlan.index));
}

function gone(netlink: Netlink, request: Parameters<Netlink["request"]>[0]): void {
  try {
    netlink.request(request);
  } catch (error) {
    if (!isErrno(error, "ENODEV", "ENOENT", "ESRCH")) throw error;
  }
}
