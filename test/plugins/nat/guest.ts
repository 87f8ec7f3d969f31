/** Plans of guests' NICs, and what is seen of one that is as planned. */
import type { JsonObject } from "../../../lib/cni/read.ts";
import type { EndpointFacts, TapFacts } from "../../../lib/model/facts.ts";
import { type Plan, portMac } from "../../../lib/model/plan.ts";
import { type InternalSwitch, isStacked, switchAddresses } from "../../../lib/model/switch.ts";
import { isVmPlan, portTap, type VmPlan } from "../../../lib/model/vm-nic.ts";
import { type NatCase, natPlan } from "./fixture.ts";

/** The same configuration, for a guest. */
export const asGuest = (one: NatCase, config: JsonObject = {}): NatCase => ({
  ...one,
  config: { ...one.config, vnic: "vmNic", ...config },
});

/** @param config keys beside `vnic` */
export function guestPlan(config: JsonObject = {}, one: Partial<NatCase> = {}): VmPlan<InternalSwitch> {
  return requireVmPlan(natPlan(asGuest({ ips: ["10.88.0.5/16 10.88.0.1"], ...one }, config)));
}

export function requireVmPlan<P extends Plan>(plan: P): P & VmPlan {
  if (!isVmPlan(plan)) throw new Error("the plan of another type of vNIC");
  return plan as P & VmPlan;
}

/** Of one that is as planned. */
export function guestFacts(plan: Plan): EndpointFacts & { readonly tap: TapFacts } {
  const { switch: vswitch, vnic } = requireVmPlan(plan);
  const { owner, group, multiQueue } = vnic.tap;
  const { mac, mtu } = vnic;
  const isPort = portTap(plan) !== undefined;
  const link = { up: true, mac, mtu, addresses: [] };
  return {
    switch: {
      up: true,
      mtu: vswitch.mtu,
      addresses: isStacked(vswitch) ? [] : switchAddresses(vswitch),
      ...(vswitch.mac === undefined ? {} : { mac: vswitch.mac }),
    },
    ...(isStacked(vswitch)
      ? {}
      : { port: { up: true, mtu: vswitch.mtu, switch: vswitch.name, isolated: vswitch.isolated ?? false } }),
    compartment: isPort ? {} : { vnic: { ...link, routes: [] } },
    tap: {
      ...link,
      // A switch would take the guest's for its own.
      ...(isPort ? { mac: portMac(plan.key) } : {}),
      multiQueue,
      ...(owner === undefined ? {} : { owner }),
      ...(group === undefined ? {} : { group }),
      ...(isPort ? {} : { joined: { towardsGuest: true, fromGuest: true } }),
    },
    missing: [],
  };
}
