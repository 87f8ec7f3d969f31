/** The CNI result of a plan. Pure. */
import { contains, prefixAddress } from "../addr/prefix.ts";
import type { Dns } from "../cni/dns.ts";
import type { Result, ResultInterface, ResultIp, ResultRoute } from "../cni/result.ts";
import { type Plan, portMac } from "../model/plan.ts";
import { hostAdapterOf, isStacked, type Switch } from "../model/switch.ts";
import type { Route } from "../model/vnic.ts";

/** Switch, port and vNIC, in this order (CNI 1.1 ADD: every interface of the attachment, the host's too). */
export function resultOf(plan: Plan, dns: Dns): Result {
  const { switch: vswitch, port, vnic } = plan;
  const ofHost: readonly ResultInterface[] = isStacked(vswitch)
    ? hostAdapter(vswitch)
    : [switchOf(vswitch), { name: port.name, mac: portMac(plan.key), mtu: vswitch.mtu }];
  const interfaces = [
    ...ofHost,
    { name: vnic.name, mac: vnic.mac, mtu: vnic.mtu, sandbox: plan.compartment.path },
  ];
  const gateways = vnic.gateways ?? vswitch.gateways.map(prefixAddress);
  const used = new Set(vnic.routes.map((route) => route.gateway));
  const ips = [...vnic.addresses, ...(vnic.autoconf ?? [])].map((address): ResultIp => {
    const near = gateways.filter((candidate) => contains(address, candidate));
    // A switch has those of all its containers; this one's routes say which is its own.
    const gateway = near.find((candidate) => used.has(candidate)) ?? near[0];
    return { address, interface: ofHost.length, ...(gateway === undefined ? {} : { gateway }) };
  });
  return { interfaces, ips, routes: vnic.routes.map(toResultRoute), dns };
}

function switchOf({ name, mac, mtu }: Switch): ResultInterface {
  return { name, mtu, ...(mac === undefined ? {} : { mac }) };
}

/** What an uplink is besides is not the attachment's. */
function hostAdapter(vswitch: Switch): readonly ResultInterface[] {
  const adapter = hostAdapterOf(vswitch);
  return adapter === undefined ? [] : [{ name: adapter.name, mac: adapter.mac, mtu: vswitch.mtu }];
}

function toResultRoute({ destination, gateway, ...metrics }: Route): ResultRoute {
  return { dst: destination, ...(gateway === undefined ? {} : { gw: gateway }), ...metrics };
}
