/** A plan as text for people: what stands where, one thing a line. */
import { formatRoute } from "../../lib/model/diff.ts";
import { formatOwner } from "../../lib/model/owner.ts";
import type { Plan } from "../../lib/model/plan.ts";
import { isStacked, type OverlaySwitch, type StackedSwitch, type Switch } from "../../lib/model/switch.ts";
import { isVmNic } from "../../lib/model/vm-nic.ts";
import type { Route, VmNic } from "../../lib/model/vnic.ts";
import { formatPolicy } from "../../lib/policy/format-policy.ts";

export function formatPlan({ owner, key, compartment, switch: vswitch, port, vnic }: Plan): string {
  return [
    `endpoint ${formatOwner(owner)}`,
    `  key ${key}`,
    `  compartment ${compartment.path}`,
    ...formatSwitch(vswitch),
    `port ${port.name}`,
    ...port.policies.map((policy) => `  ${formatPolicy(policy)}`),
    ...(port.aclDefault === undefined
      ? []
      : [`  no ACL: In ${port.aclDefault.In}, Out ${port.aclDefault.Out}`]),
    `vnic ${vnic.name} (${vnic.type}) mac ${vnic.mac} mtu ${vnic.mtu}`,
    ...(isVmNic(vnic) ? formatGuest(vnic) : []),
    ...vnic.addresses.map((address) => `  address ${address}`),
    ...(vnic.offLink ?? []).map((family) => `  subnets of IPv${family} not on the link`),
    ...vnic.routes.map((route) => `  route ${formatRoute(route)}${extras(route)}`),
    ...(vnic.probeMs === undefined ? [] : [`  asks for its addresses for ${vnic.probeMs} ms`]),
  ].join("\n");
}

function formatGuest({ tap, dns }: VmNic): readonly string[] {
  const { attach, name, owner, group, multiQueue, vnetHeader } = tap;
  const place = attach === "switch" ? "on the switch" : "in the compartment";
  const words = [
    owner !== undefined && `user ${owner}`,
    group !== undefined && `group ${group}`,
    multiQueue && "several queues",
    !vnetHeader && "no header",
  ].filter(Boolean);
  return [
    `  tap ${name} ${place}${words.map((word) => `, ${word}`).join("")}`,
    ...(dns.nameservers ?? []).map((server) => `  name server ${server}`),
  ];
}

function formatOverlay({ vni, mode, tunnel, cidrs }: OverlaySwitch): readonly string[] {
  const { name, uplink, vtep, mac, udpPort, flood, checksums } = tunnel;
  return [
    `  ${mode}, VNI ${vni}, ${cidrs.join(" ") || "nothing"} in all`,
    `  tunnel ${name} from ${vtep} of ${uplink}, UDP port ${udpPort}, mac ${mac}`,
    ...(flood ? ["  floods to all hosts"] : []),
    ...(checksums === undefined ? [] : ["  checksums made early"]),
  ];
}

function formatSwitch(vswitch: Switch): readonly string[] {
  const { kind, name, mac, mtu, gateways, forwarding, outboundNat } = vswitch;
  if (isStacked(vswitch)) return formatStacked(vswitch);
  return [
    `switch ${name} (${kind}) mac ${mac} mtu ${mtu}`,
    ...gateways.map((gateway) => `  gateway ${gateway}`),
    `  forwards ${forwarding.map((family) => `IPv${family}`).join(" ")}`,
    outboundNat === undefined
      ? "  no outbound NAT"
      : `  outbound NAT, except to ${outboundNat.exceptions.join(" ") || "nothing"}`,
    ...(vswitch.kind === "overlay" ? formatOverlay(vswitch) : []),
    ...(vswitch.isolated ? ["  its containers do not reach each other"] : []),
    ...(vswitch.reachable === undefined
      ? []
      : [`  reachable from ${vswitch.reachable === true ? "every network" : vswitch.reachable.join(" ")}`]),
  ];
}

function formatStacked(vswitch: StackedSwitch): readonly string[] {
  const { kind, mode, lower, uplink, vlan, mtu } = vswitch;
  const host = vswitch.kind === "macvlan" ? vswitch.host : undefined;
  return [
    `switch of ${kind}s on ${lower}, mode ${mode}, mtu ${mtu}`,
    ...(vlan === undefined ? [] : [`  VLAN ${vlan} of ${uplink}`]),
    ...(host === undefined
      ? []
      : [`  host adapter ${host.name} mac ${host.mac} for ${host.addresses.join(" ") || "nothing"}`]),
  ];
}

function extras({ scope, mtu, advmss }: Route): string {
  return [scope !== undefined && ` scope ${scope}`, mtu && ` mtu ${mtu}`, advmss && ` advmss ${advmss}`]
    .filter(Boolean)
    .join("");
}
