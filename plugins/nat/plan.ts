/** Plan of one attachment to a nat network. Pure: equal input gives an equal plan. */
import { type Ip, ipFamily } from "../../lib/addr/ip.ts";
import type { Mac } from "../../lib/addr/mac.ts";
import {
  contains,
  defaultPrefix,
  firstHost,
  networkOf,
  type Prefix,
  prefixAddress,
  prefixFamily,
  prefixLength,
  prefixOf,
} from "../../lib/addr/prefix.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type { Result, ResultIp, ResultRoute } from "../../lib/cni/result.ts";
import type { DefaultRoute } from "../../lib/model/facts.ts";
import { ownerKey } from "../../lib/model/owner.ts";
import { type Plan, portName, vnicMac } from "../../lib/model/plan.ts";
import type { InternalSwitch } from "../../lib/model/switch.ts";
import type { Route } from "../../lib/model/vnic.ts";
import { formatAcl } from "../../lib/policy/format-policy.ts";
import {
  idleVirtualIps,
  type PortLayers,
  portLayers,
  splitAddresses,
} from "../../lib/policy/port-policies.ts";
import type { PlanInput } from "../../lib/verbs/network-plugin.ts";
import type { NatConfig } from "./config.ts";
import { forcedGateway } from "./hcn.ts";
import { publishAll } from "./publish.ts";

/** Lowest metric of our default route in a compartment that has one: the first network keeps the traffic. */
const furtherDefaultPriority = 1000;

/** @throws {CniError} 7 when a port is published on an address family that the container does not have */
export function planNat(input: PlanInput<NatConfig>): Plan {
  const { owner, config, ipam } = input;
  const gateways = ipam.ips.map((entry) => gatewayOf(entry, config));
  const addresses = ipam.ips.map((entry) => entry.address);
  const key = ownerKey(owner);
  const mac = config.mac ?? vnicMac(owner);
  const layers = layersOf(config, mac, addresses.map(prefixAddress));
  const mtu = mtuOf(config, input.switch);
  requireMtuFor(addresses, mtu);
  return {
    owner,
    key,
    compartment: { path: input.path },
    switch: withGateways(input.switch, gateways),
    port: {
      name: portName(key),
      ...layers,
      policies: [...layers.policies, ...publishAll(config.port.portMappings, addresses)],
    },
    vnic: {
      type: "hostVnic",
      name: owner.ifname,
      mac,
      mtu,
      addresses,
      routes: routesOf(ipam, gateways.map(prefixAddress), input.defaultRoutes),
    },
  };
}

/** InterfaceParameters may lower what the switch carries. */
function mtuOf({ port: { mtu } }: NatConfig, vswitch: InternalSwitch): number {
  if (mtu === undefined || mtu <= vswitch.mtu) return mtu ?? vswitch.mtu;
  throw new CniError(
    errorCode.invalidConfig,
    `InterfaceParameters Mtu ${mtu}: the switch ${vswitch.name} carries ${vswitch.mtu}`,
    { reason: "mtu-too-large", details: "lower it, or raise the network's mtu" },
  );
}

/** @throws {CniError} 2 or 7 for policies that the port of an endpoint with these addresses cannot keep */
function layersOf({ port }: NatConfig, mac: Mac, addresses: readonly Ip[]): PortLayers {
  const held = `addresses of the container: ${addresses.join(", ") || "none"}`;
  const [split] = splitAddresses(port.acls, addresses);
  if (split !== undefined) {
    throw new CniError(
      errorCode.unsupportedField,
      `${formatAcl(split)}: LocalAddresses holds some of the container's addresses of one family, not all`,
      {
        reason: "acl-local-addresses",
        details: `${held}; a port judges all of one family alike: name them all, or leave LocalAddresses out`,
      },
    );
  }
  const [idle] = idleVirtualIps(port, addresses);
  if (idle !== undefined) {
    throw new CniError(
      errorCode.invalidConfig,
      `OutBoundNAT VirtualIP ${idle}: the container has no IPv${ipFamily(idle)} address`,
      { reason: "nat-without-address", details: `${held}; remove the policy, or give it one` },
    );
  }
  return portLayers(port, { mac, addresses });
}

/** The host's address in the subnet of `entry`: the ipam's word, else Microsoft's options, else the first host. */
function gatewayOf(entry: ResultIp, config: NatConfig): Prefix {
  const family = prefixFamily(entry.address);
  if (entry.gateway !== undefined && ipFamily(entry.gateway) !== family) {
    throw new CniError(
      errorCode.invalidConfig,
      `ipam: gateway ${entry.gateway} cannot serve ${entry.address}`,
      {
        reason: "gateway-family",
        details: "address and gateway must be of one family",
      },
    );
  }
  const fallback = config.fallbackGateways.find((gateway) => contains(entry.address, gateway));
  const forced = config.gatewayIsTwo ? forcedGateway(entry.address) : undefined;
  const gateway = forced ?? entry.gateway ?? fallback ?? firstHost(entry.address);
  if (gateway === prefixAddress(entry.address)) {
    throw new CniError(
      errorCode.invalidConfig,
      `ipam: ${entry.address} is the address of the gateway, which the host itself has`,
      {
        reason: "gateway-is-address",
        details: "the ipam must name another gateway, or give another address",
      },
    );
  }
  return prefixOf(gateway, prefixLength(entry.address));
}

function withGateways(known: InternalSwitch, gateways: readonly Prefix[]): InternalSwitch {
  const all = [...new Set([...known.gateways, ...gateways])];
  const forwarding = [...new Set(all.map(prefixFamily))].toSorted();
  return { ...known, gateways: all, forwarding };
}

/** The ipam's routes, and a default route for each family that has none among them. */
function routesOf(ipam: Result, gateways: readonly Ip[], present: readonly DefaultRoute[]): readonly Route[] {
  const routes = ipam.routes.map((route) => behind(toRoute(route, gateways), present));
  for (const family of [4, 6] as const) {
    const gateway = gateways.find((address) => ipFamily(address) === family);
    const destination = defaultPrefix(family);
    if (gateway === undefined || routes.some((route) => route.destination === destination)) continue;
    routes.push(behind({ destination, gateway }, present));
  }
  return routes;
}

/** A default route without a metric of its own goes behind those that are there: two of one metric cannot be. */
function behind(route: Route, present: readonly DefaultRoute[]): Route {
  const { destination, priority, table } = route;
  if (prefixLength(destination) > 0 || priority !== undefined || table !== undefined) return route;
  const others = present.filter((other) => other.family === prefixFamily(destination));
  if (others.length === 0) return route;
  return {
    ...route,
    priority: Math.max(furtherDefaultPriority, ...others.map((other) => other.priority + 1)),
  };
}

/** CNI 1.1 result: a route without gateway uses that of its family, unless its scope says it is on the link. */
function toRoute(route: ResultRoute, gateways: readonly Ip[]): Route {
  const { dst, gw, ...metrics } = route;
  const onLink = route.scope !== undefined && route.scope >= 253;
  const gateway =
    gw ?? (onLink ? undefined : gateways.find((address) => ipFamily(address) === prefixFamily(dst)));
  return { destination: networkOf(dst), ...metrics, ...(gateway === undefined ? {} : { gateway }) };
}

/** Least MTU of a link that carries IPv6 (RFC 8200 5): below it the kernel has no IPv6 on the link at all. */
const leastMtu6 = 1280;

function requireMtuFor(addresses: readonly Prefix[], mtu: number): void {
  const address = addresses.find((candidate) => prefixFamily(candidate) === 6);
  if (address === undefined || mtu >= leastMtu6) return;
  throw new CniError(
    errorCode.invalidConfig,
    `mtu ${mtu} is too small for ${address}: IPv6 needs ${leastMtu6}`,
    {
      reason: "mtu-too-small",
      details: "raise the MTU (mtu, or InterfaceParameters), or take the IPv6 range out of the configuration",
    },
  );
}
