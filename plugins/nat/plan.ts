/** Plan of one attachment to a nat network. Pure: equal input gives an equal plan. */
import { ipFamily } from "../../lib/addr/ip.ts";
import {
  contains,
  firstHost,
  type Prefix,
  prefixAddress,
  prefixFamily,
  prefixLength,
  prefixOf,
} from "../../lib/addr/prefix.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type { ResultIp } from "../../lib/cni/result.ts";
import { ownerKey } from "../../lib/model/owner.ts";
import { type Plan, vnicMac } from "../../lib/model/plan.ts";
import type { InternalSwitch } from "../../lib/model/switch.ts";
import { portNameOf } from "../../lib/model/vm-nic.ts";
import { planLayers } from "../../lib/planning/layers.ts";
import { requireMtuFor, vnicMtu } from "../../lib/planning/mtu.ts";
import { planRoutes } from "../../lib/planning/routes.ts";
import { planVnic } from "../../lib/planning/vnic.ts";
import type { PlanInput } from "../../lib/verbs/network-plugin.ts";
import type { NatConfig } from "./config.ts";
import { forcedGateway } from "./hcn.ts";
import { publishAll } from "./publish.ts";

/** @throws {CniError} 7 when a port is published on an address family that the container does not have */
export function planNat(input: PlanInput<NatConfig, InternalSwitch>): Plan<InternalSwitch> {
  const { owner, config, ipam } = input;
  const gateways = ipam.ips.map((entry) => gatewayOf(entry, config));
  const addresses = ipam.ips.map((entry) => entry.address);
  const key = ownerKey(owner);
  const mac = config.mac ?? vnicMac(owner);
  const layers = planLayers(config.port, mac, addresses.map(prefixAddress));
  const mtu = vnicMtu(config.port.mtu, input.switch);
  requireMtuFor(addresses, mtu);
  const vnic = planVnic(config.vnic, input, {
    mac,
    mtu,
    addresses,
    routes: planRoutes(
      { routes: ipam.routes, gateways: gateways.map(prefixAddress), present: input.defaultRoutes },
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
