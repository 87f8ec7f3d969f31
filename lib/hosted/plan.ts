/** Plan of one attachment to a network with the host as its router. Pure: equal input gives an equal plan. */
import { ipFamily } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import {
  contains,
  firstHost,
  hostPrefix,
  type Prefix,
  prefixAddress,
  prefixFamily,
  prefixLength,
  prefixOf,
} from "../addr/prefix.ts";
import { CniError, errorCode } from "../cni/error.ts";
import type { ResultIp, ResultRoute } from "../cni/result.ts";
import { type Owner, ownerKey } from "../model/owner.ts";
import { type Plan, vnicMac } from "../model/plan.ts";
import type { HostedSwitch } from "../model/switch.ts";
import { portNameOf } from "../model/vm-nic.ts";
import { planLayers } from "../planning/layers.ts";
import { requireMtuFor, vnicMtu } from "../planning/mtu.ts";
import { planRoutes } from "../planning/routes.ts";
import { planVnic } from "../planning/vnic.ts";
import type { PlanInput } from "../verbs/network-plugin.ts";
import type { HostedConfig } from "./config.ts";
import { forcedGateway } from "./hcn.ts";
import { publishAll } from "./publish.ts";

/**
 * @param ownMac of a vNIC for which nobody asked for one
 * @throws {CniError} 7 when a port is published on an address family that the container does not have
 */
export function planHosted<S extends HostedSwitch>(
  input: PlanInput<HostedConfig, S>,
  ownMac: (owner: Owner, addresses: readonly Prefix[]) => Mac = vnicMac,
): Plan<S> {
  const { owner, config, ipam } = input;
  const gateways = ipam.ips.map((entry) => gatewayOf(entry, config));
  const apart = ipam.apart ?? [];
  const addresses = ipam.ips.map(({ address }) =>
    apart.includes(prefixAddress(address)) ? hostPrefix(prefixAddress(address)) : address,
  );
  const key = ownerKey(owner);
  const mac = config.mac ?? ownMac(owner, addresses);
  const layers = planLayers(config.port, mac, addresses.map(prefixAddress));
  const mtu = vnicMtu(config.port.mtu, input.switch);
  requireMtuFor(addresses, mtu);
  const vnic = planVnic(config.vnic, input, {
    mac,
    mtu,
    addresses,
    routes: planRoutes(
      {
        routes: [...waysTo(gateways.filter((_, i) => addresses[i] !== ipam.ips[i]?.address)), ...ipam.routes],
        gateways: gateways.map(prefixAddress),
        present: input.defaultRoutes,
      },
      () => true,
    ),
  });
  return {
    owner,
    key,
    compartment: { path: input.path },
    switch: withGateways(input.switch, gateways),
    port: {
      name: portNameOf(key, vnic),
      ...layers,
      policies: [...layers.policies, ...publishAll(config.port.portMappings, addresses)],
    },
    vnic,
  };
}

/** RT_SCOPE_LINK of linux/rtnetlink.h. */
const onLink = 253;

/** Gateways that are in no subnet of the container. */
const waysTo = (gateways: readonly Prefix[]): readonly ResultRoute[] =>
  gateways.map((gateway) => ({ dst: hostPrefix(prefixAddress(gateway)), scope: onLink }));

/** The host's address in the subnet of `entry`: the ipam's word, else Microsoft's options, else the first host. */
function gatewayOf(entry: ResultIp, config: HostedConfig): Prefix {
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

function withGateways<S extends HostedSwitch>(known: S, gateways: readonly Prefix[]): S {
  const all = [...new Set([...known.gateways, ...gateways])];
  const forwarding = [...new Set(all.map(prefixFamily))].toSorted();
  return { ...known, gateways: all, forwarding };
}
