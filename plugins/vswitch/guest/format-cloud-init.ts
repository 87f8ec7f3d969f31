/**
 * A network configuration of cloud-init, version 2 (cloudinit.readthedocs.io, "Networking config Version 2"): a file
 * `network-config` of its data source NoCloud, and netplan's form. It is JSON below a comment, which is YAML. Pure.
 */
import { type Ip, ipFamily } from "../../../lib/addr/ip.ts";
import { contains, type Prefix, prefix } from "../../../lib/addr/prefix.ts";
import type { GuestDns, Route } from "../../../lib/model/vnic.ts";
import { type GuestNic, type GuestText, searchList } from "./guest-nic.ts";

export function formatCloudInit(nics: readonly GuestNic[], devices: readonly string[]): GuestText {
  const named = nics.map((nic, i) => [`nic${i}`, ethernet(nic, devices[i] ?? nic.name)] as const);
  const config = { version: 2, ethernets: Object.fromEntries(named) };
  return { text: `# cloud-init network config, version 2\n${JSON.stringify(config, null, 2)}`, unsaid: [] };
}

function ethernet({ mac, mtu, addresses, routes, dns }: GuestNic, name: string) {
  const isStatic = addresses.length > 0;
  return {
    match: { macaddress: mac },
    "set-name": name,
    mtu,
    dhcp4: !isStatic,
    dhcp6: false,
    ...(isStatic ? { addresses } : {}),
    ...(routes.length === 0 ? {} : { routes: routes.map((route) => routeOf(route, addresses)) }),
    ...nameservers(dns),
  };
}

/** Each IPv6 link has these. */
const linkLocals = prefix("fe80::/10");

function routeOf(
  { destination, gateway, priority, table, mtu, advmss }: Route,
  addresses: readonly Prefix[],
) {
  return {
    to: destination,
    ...(gateway === undefined ? { scope: "link" } : { via: gateway, ...onLink(gateway, addresses) }),
    metric: priority,
    table,
    mtu,
    "advertised-mss": advmss,
  };
}

const onLink = (gateway: Ip, addresses: readonly Prefix[]) =>
  [...addresses, ...(ipFamily(gateway) === 6 ? [linkLocals] : [])].some((one) => contains(one, gateway))
    ? {}
    : { "on-link": true };

function nameservers(dns: GuestDns) {
  const { nameservers: addresses = [] } = dns;
  const search = searchList(dns);
  if (addresses.length + search.length === 0) return {};
  return {
    nameservers: { ...(addresses.length > 0 && { addresses }), ...(search.length > 0 && { search }) },
  };
}
