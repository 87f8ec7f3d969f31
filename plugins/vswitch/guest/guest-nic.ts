/** What a guest applies to its NIC, read out of the plan: the same for all formats. Pure. */
import { familyBits, type Ip } from "../../../lib/addr/ip.ts";
import type { Mac } from "../../../lib/addr/mac.ts";
import {
  defaultPrefix,
  type Prefix,
  prefixAddress,
  prefixFamily,
  prefixOf,
} from "../../../lib/addr/prefix.ts";
import { formatOwner } from "../../../lib/model/owner.ts";
import type { VmPlan } from "../../../lib/model/vm-nic.ts";
import type { GuestDns, Route, Tap, VmNic } from "../../../lib/model/vnic.ts";

export interface GuestNic {
  /** `network/container/interface`. */
  readonly owner: string;
  /** Of the endpoint. */
  readonly key: string;
  readonly network: string;
  /** CNI_IFNAME; what the guest calls it is the guest's own. */
  readonly name: string;
  readonly mac: Mac;
  /** Bytes. */
  readonly mtu: number;
  /** None: nobody but a DHCP server beyond the switch gives it any. */
  readonly addresses: readonly Prefix[];
  /** Routers of its default routes. */
  readonly gateways: readonly Ip[];
  /** Those on the link first: others may have their gateway there. */
  readonly routes: readonly Route[];
  readonly dns: GuestDns;
  readonly tap: Tap;
  /** Path. */
  readonly compartment: string;
}

/** The same in words of a format. */
export interface GuestText {
  readonly text: string;
  /** What the format cannot say, in sentences. */
  readonly unsaid: readonly string[];
}

export function guestNic({ owner, key, vnic, compartment }: VmPlan): GuestNic {
  const { name, mac, mtu, dns, tap } = vnic;
  const routes = inOrder(vnic.routes);
  return {
    owner: formatOwner(owner),
    key,
    network: owner.network,
    name,
    mac,
    mtu,
    addresses: addressesOf(vnic),
    gateways: [...new Set(routes.filter(isDefault).flatMap(({ gateway }) => gateway ?? []))],
    routes,
    dns,
    tap,
    compartment: compartment.path,
  };
}

/** With its subnet's length an address would bring a route that takes the subnet for one on the link. */
const addressesOf = ({ addresses, offLink = [] }: VmNic): readonly Prefix[] =>
  addresses.map((address) => {
    const family = prefixFamily(address);
    return offLink.includes(family) ? prefixOf(prefixAddress(address), familyBits(family)) : address;
  });

const inOrder = (routes: readonly Route[]): readonly Route[] => [
  ...routes.filter(({ gateway }) => gateway === undefined),
  ...routes.filter(({ gateway }) => gateway !== undefined),
];

export const isDefault = ({ destination }: Route): boolean =>
  destination === defaultPrefix(prefixFamily(destination));

/** What resolvers search, the own domain first. */
export const searchList = ({ domain, search = [] }: GuestDns): readonly string[] => [
  ...new Set([...(domain === undefined ? [] : [domain]), ...search]),
];
