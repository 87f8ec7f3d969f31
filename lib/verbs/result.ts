/** The CNI result of a plan. Pure. */
import { familyBits, ipFamily } from "../addr/ip.ts";
import { contains, type Prefix, prefixAddress, prefixFamily, prefixLength } from "../addr/prefix.ts";
import type { Dns } from "../cni/dns.ts";
import type { Result, ResultInterface, ResultIp, ResultRoute } from "../cni/result.ts";
import { type Plan, portMac } from "../model/plan.ts";
import { hostAdapterOf, isStacked, type Switch } from "../model/switch.ts";
import { joinedTap, linkName, portTap } from "../model/vm-nic.ts";
import type { Route } from "../model/vnic.ts";

/**
 * Switch, port and vNIC, in this order (CNI 1.1 ADD: every interface of the attachment, the host's too). Of a guest's NIC
 * the tap comes with it, with the MAC that the guest's NIC shall have.
 */
export function resultOf(plan: Plan, dns: Dns): Result {
  const { switch: vswitch, vnic } = plan;
  const ofHost: readonly ResultInterface[] = isStacked(vswitch)
    ? hostAdapter(vswitch)
    : [switchOf(vswitch), ...portOf(plan)];
  const interfaces = [...ofHost, ...vnicsOf(plan)];
  const gateways = vnic.gateways ?? vswitch.gateways.map(prefixAddress);
  const used = new Set(vnic.routes.map((route) => route.gateway));
  const ips = [...vnic.addresses, ...(vnic.autoconf ?? [])].map((address): ResultIp => {
    // An address by itself is in no subnet with its gateway.
    const near = gateways.filter((candidate) =>
      isHostPrefix(address) ? ipFamily(candidate) === prefixFamily(address) : contains(address, candidate),
    );
    // A switch has those of all its containers; this one's routes say which is its own.
    const gateway = near.find((candidate) => used.has(candidate)) ?? near[0];
    return { address, interface: ofHost.length, ...(gateway === undefined ? {} : { gateway }) };
  });
  return { interfaces, ips, routes: vnic.routes.map(toResultRoute), dns };
}

const isHostPrefix = (address: Prefix): boolean =>
  prefixLength(address) === familyBits(prefixFamily(address));

/** A tap that is a port is the vNIC, too. */
function portOf(plan: Plan): readonly ResultInterface[] {
  if (portTap(plan) !== undefined) return [];
  return [{ name: plan.port.name, mac: portMac(plan.key), mtu: plan.switch.mtu }];
}

/** The one with the name that runtimes look for comes first: the addresses are its. */
function vnicsOf(plan: Plan): readonly ResultInterface[] {
  const { mac, mtu, name } = plan.vnic;
  if (portTap(plan) !== undefined) return [{ name: plan.port.name, mac, mtu }];
  const tap = joinedTap(plan)?.name;
  const others = [linkName(plan), ...(tap === undefined ? [] : [tap])].filter((other) => other !== name);
  return [name, ...others].map((one) => ({ name: one, mac, mtu, sandbox: plan.compartment.path }));
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
