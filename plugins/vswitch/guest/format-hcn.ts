/**
 * What Windows tells a Linux guest of its network adapters (hcsshim, internal/protocol/guestresource, LCOWNetworkAdapter):
 * for guests whose agent understands it. Pure.
 */
import { prefixAddress, prefixFamily, prefixLength } from "../../../lib/addr/prefix.ts";
import type { Route } from "../../../lib/model/vnic.ts";
import { type GuestNic, type GuestText, searchList } from "./guest-nic.ts";
import { keyGuid, pathGuid } from "./guid.ts";

/** Bytes from which the guest takes EncapOverhead away: its adapter begins with them. */
const firstMtu = 1500;
/** Highest metric of the format (16 bits). */
const mostMetric = 0xffff;

export function formatHcn(nics: readonly GuestNic[]): GuestText {
  return { text: JSON.stringify(nics.map(adapterOf), null, 2), unsaid: nics.flatMap(unsaidOf) };
}

/** A guest with no IPConfigs asks by DHCP. */
function adapterOf({ key, mac, mtu, addresses, routes, dns, compartment }: GuestNic) {
  return {
    NamespaceID: pathGuid(compartment),
    ID: keyGuid(key),
    MacAddress: mac.toUpperCase().replaceAll(":", "-"),
    DNSSuffix: searchList(dns).join(","),
    DNSServerList: (dns.nameservers ?? []).join(","),
    EncapOverhead: Math.max(0, firstMtu - mtu),
    VPCIAssigned: false,
    IPConfigs: addresses.map((address) => ({
      IPAddress: prefixAddress(address),
      PrefixLength: prefixLength(address),
    })),
    Routes: routes.map(routeOf),
    PolicyBasedRouting: false,
    EnableLowMetric: false,
  };
}

/** On the link: the unspecified address is the next hop, as everywhere in HCN. 0 is the guest's own metric. */
const routeOf = ({ destination, gateway, priority = 0 }: Route) => ({
  NextHop: gateway ?? (prefixFamily(destination) === 4 ? "0.0.0.0" : "::"),
  DestinationPrefix: destination,
  Metric: Math.min(priority, mostMetric),
});

function unsaidOf({ owner, mtu, routes }: GuestNic): readonly string[] {
  const rest = [
    ...(mtu > firstMtu ? [`MTU ${mtu}`] : []),
    // The guest skips them: it has those that come with its addresses.
    ...routes
      .filter(({ gateway }) => gateway === undefined)
      .map(({ destination }) => `route ${destination} on the link`),
    ...routes
      .filter(({ priority = 0 }) => priority > mostMetric)
      .map(({ destination, priority }) => `metric ${priority} of route ${destination}`),
  ];
  return rest.length === 0 ? [] : [`an HCN adapter cannot say of ${owner}: ${rest.join(", ")}`];
}
