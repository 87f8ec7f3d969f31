/**
 * The Linux kernel's own configuration at its start: `ip=` of its command line (Documentation/admin-guide/nfs/nfsroot.rst),
 * one line for each NIC. Pure.
 */
import { type Ip, ipFamily, ipFromNumber, parseIp } from "../../../lib/addr/ip.ts";
import {
  contains,
  type Prefix,
  prefixAddress,
  prefixFamily,
  prefixLength,
} from "../../../lib/addr/prefix.ts";
import { formatRoute } from "../../../lib/model/diff.ts";
import type { Route } from "../../../lib/model/vnic.ts";
import { type GuestNic, type GuestText, isDefault, searchList } from "./guest-nic.ts";

/** Bytes that the kernel gives an Ethernet device which nobody tells another. */
const usualMtu = 1500;
/** Name servers that a line has places for. */
const mostServers = 2;

export function formatKernelIp(nics: readonly GuestNic[], devices: readonly string[]): GuestText {
  const said = nics.map((nic, i) => sayNic(nic, devices[i] ?? `eth${i}`, nics.length));
  const lines = said.flatMap(({ line }) => line ?? []);
  const several =
    lines.length > 1
      ? ["the kernel itself takes one ip= alone; an initramfs such as dracut's takes all"]
      : [];
  return { text: lines.join("\n"), unsaid: [...said.flatMap(({ unsaid }) => unsaid), ...several] };
}

interface Said {
  readonly line?: string;
  readonly unsaid: readonly string[];
}

function sayNic(nic: GuestNic, device: string, count: number): Said {
  const { addresses, routes, dns } = nic;
  const address = addresses.find((one) => prefixFamily(one) === 4);
  const way = address && routes.find((route) => isPlainDefault(route, address));
  const servers = (dns.nameservers ?? [])
    .flatMap((server) => parseIp(server) ?? [])
    .filter(isIpv4)
    .slice(0, mostServers);
  const rest = [
    ...addresses.filter((one) => one !== address).map((one) => `address ${one}`),
    ...(nic.mtu === usualMtu ? [] : [`MTU ${nic.mtu}`]),
    ...routes.filter((route) => route !== way).map((route) => `route ${formatRoute(route)}`),
    ...(dns.nameservers ?? [])
      .filter((server) => address === undefined || !servers.some((one) => one === server))
      .map((server) => `name server ${server}`),
    ...searchList(dns).map((domain) => `search ${domain}`),
  ];
  const unsaid = rest.length === 0 ? [] : [`ip= cannot say of ${nic.owner}: ${rest.join(", ")}`];
  // Without IPv4 there is nothing that the kernel would take.
  if (address === undefined && addresses.length > 0) return { unsaid };
  return {
    line:
      address === undefined ? dhcpLine(device, count) : staticLine(address, way?.gateway, device, servers),
    unsaid,
  };
}

/** Named by its device where others are beside it. */
const dhcpLine = (device: string, count: number): string =>
  count === 1 ? "ip=dhcp" : `ip=:::::${device}:dhcp`;

/** `ip=CLIENT:SERVER:GATEWAY:NETMASK:HOSTNAME:DEVICE:AUTOCONF:DNS0:DNS1`. */
function staticLine(
  address: Prefix,
  gateway: Ip | undefined,
  device: string,
  servers: readonly Ip[],
): string {
  const fields = [prefixAddress(address), "", gateway ?? "", maskOf(address), "", device, "off", ...servers];
  return `ip=${fields.join(":")}`;
}

/** The kernel refuses a gateway that is not in the address' subnet, and gives its route no metric. */
const isPlainDefault = (route: Route, address: Prefix): boolean =>
  isDefault(route) &&
  route.gateway !== undefined &&
  contains(address, route.gateway) &&
  route.priority === undefined &&
  route.table === undefined;

function maskOf(address: Prefix): Ip {
  const hostBits = BigInt(32 - prefixLength(address));
  return ipFromNumber(4, (0xffff_ffffn >> hostBits) << hostBits);
}

const isIpv4 = (address: Ip): boolean => ipFamily(address) === 4;
