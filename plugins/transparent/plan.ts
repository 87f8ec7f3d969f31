/** Plan of one attachment to a transparent network. Pure: equal input gives an equal plan. */
import { type Ip, ipFamily } from "../../lib/addr/ip.ts";
import { linkLocal } from "../../lib/addr/mac.ts";
import { hostPrefix, networkOf, type Prefix, prefixAddress, prefixFamily } from "../../lib/addr/prefix.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type { Result } from "../../lib/cni/result.ts";
import { ownerKey } from "../../lib/model/owner.ts";
import { type Plan, vnicMac } from "../../lib/model/plan.ts";
import { type AnyExternalSwitch, hostAdapterOf, isRouted } from "../../lib/model/switch.ts";
import { portNameOf } from "../../lib/model/vm-nic.ts";
import type { Route, Vnic, VnicType } from "../../lib/model/vnic.ts";
import { planLayers } from "../../lib/planning/layers.ts";
import { requireMtuFor, vnicMtu } from "../../lib/planning/mtu.ts";
import { planRoutes } from "../../lib/planning/routes.ts";
import { planVnic } from "../../lib/planning/vnic.ts";
import type { PlanInput } from "../../lib/verbs/network-plugin.ts";
import type { TransparentConfig } from "./config.ts";

/** @throws {CniError} 7 for addresses and policies that do not go together */
export function planTransparent(
  input: PlanInput<TransparentConfig, AnyExternalSwitch>,
): Plan<AnyExternalSwitch> {
  const { owner, config, ipam, switch: known } = input;
  const gateways = gatewaysOf(ipam);
  const { autoconf = [] } = ipam;
  const given = ipam.ips.map((entry) => entry.address);
  const addresses = given.filter((address) => !autoconf.includes(address));
  const key = ownerKey(owner);
  const mac = known.kind === "ipvlan" ? known.uplinkMac : (config.mac ?? vnicMac(owner));
  const vswitch = withFamilies(known, given);
  // A bridge carries what the host sends as well, whatever the containers are given.
  const most = vnicMtu(vswitch.kind === "bridge" ? config.mtu : undefined, vswitch);
  const mtu = vnicMtu(config.port.mtu, { name: vswitch.name, mtu: most });
  requireMtuFor(given, mtu);
  const vnic = planVnic(config.vnic, input, {
    mac,
    mtu,
    addresses,
    ...(autoconf.length === 0 ? {} : { autoconf }),
    ...throughHost(vswitch, config.vnic.type, addresses, [
      ...planRoutes(
        { routes: ipam.routes, gateways, present: input.defaultRoutes },
        // Who lists routes has said which: as for a second network, whose traffic must not go that way.
        (family) => !ipam.routes.some(({ dst }) => prefixFamily(dst) === family),
      ),
      ...routesToHost(input, given.map(prefixAddress)),
    ]),
    gateways,
    ...(config.probeMs === undefined || ipam.probed === true ? {} : { probeMs: config.probeMs }),
  });
  return {
    owner,
    key,
    compartment: { path: input.path },
    switch: vswitch,
    port: { name: portNameOf(key, vnic), ...planLayers(config.port, mac, given.map(prefixAddress)) },
    vnic,
  };
}

/** Routers of the LAN, as far as the ipam knows them. */
function gatewaysOf({ ips }: Result): readonly Ip[] {
  for (const { address, gateway } of ips) {
    if (gateway === undefined) continue;
    if (ipFamily(gateway) !== prefixFamily(address))
      throw mismatch(`gateway ${gateway} cannot serve ${address}`, "gateway-family");
    if (gateway === prefixAddress(address))
      throw mismatch(`${address} is the address of the gateway too`, "gateway-is-address");
  }
  return [...new Set(ips.flatMap(({ gateway }) => gateway ?? []))];
}

function mismatch(what: string, reason: string): CniError {
  return new CniError(errorCode.invalidConfig, `ipam: ${what}`, {
    reason,
    details: "the ipam must name the LAN's router, or none, and give another address",
  });
}

/** The host forwards for routed containers, in the families they have. */
function withFamilies(known: AnyExternalSwitch, addresses: readonly Prefix[]): AnyExternalSwitch {
  if (!isRouted(known)) return known;
  const families = new Set([...known.forwarding, ...addresses.map(prefixFamily)]);
  return { ...known, forwarding: ([4, 6] as const).filter((family) => families.has(family)) };
}

/** Routes to subnets on the link have 256 (IP6_RT_PRIO_ADDRCONF of net/ip6_route.h). */
const beforeOnLink = 128;

/**
 * A routed container's way is the host, whatever router its LAN has. For IPv4 the host answers in the place of all who
 * are beyond it. For IPv6 it can do so for single addresses only, so that nobody but the host is on the link. A guest
 * that gives itself its address takes the subnet for one on the link, too: this way is preferred.
 */
function throughHost(
  vswitch: AnyExternalSwitch,
  type: VnicType,
  addresses: readonly Prefix[],
  routes: readonly Route[],
): Pick<Vnic, "routes" | "offLink"> {
  const own = addresses.filter((address) => prefixFamily(address) === 6).map(networkOf);
  if (!isRouted(vswitch) || own.length === 0) return { routes };
  const gateway = linkLocal(vswitch.mac);
  const preferred = type === "vmNic" ? { priority: beforeOnLink } : {};
  const missing = own.filter((subnet) => !routes.some(({ destination }) => destination === subnet));
  return {
    routes: [
      ...routes.map((route) => (prefixFamily(route.destination) === 6 ? through(route, gateway) : route)),
      ...[...new Set(missing)].map((destination) => ({ destination, gateway, ...preferred })),
    ],
    offLink: [6],
  };
}

/** What is behind a gateway is not on the link. */
function through({ scope: _, ...route }: Route, gateway: Ip): Route {
  return { ...route, gateway };
}

/**
 * The host's adapter answers for its IPv4 addresses, since ARP is answered on any link. For IPv6 the adapter's own
 * link-local address is the way.
 */
function routesToHost(
  { switch: vswitch }: Pick<PlanInput<TransparentConfig, AnyExternalSwitch>, "switch">,
  addresses: readonly Ip[],
): readonly Route[] {
  const host = hostAdapterOf(vswitch);
  if (host === undefined || !addresses.some((address) => ipFamily(address) === 6)) return [];
  const gateway = linkLocal(host.mac);
  return host.addresses
    .filter((address) => ipFamily(address) === 6)
    .map((address) => ({ destination: hostPrefix(address), gateway }));
}
