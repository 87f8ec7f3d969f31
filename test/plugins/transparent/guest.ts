/** Plans of guests' NICs on a LAN. */
import { mac } from "../../../lib/addr/mac.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import type { HostFacts } from "../../../lib/model/facts.ts";
import type { AnyExternalSwitch } from "../../../lib/model/switch.ts";
import type { VmPlan } from "../../../lib/model/vm-nic.ts";
import { requireVmPlan } from "../nat/guest.ts";
import { externalPlan, type TransparentCase } from "./fixture.ts";

/** A host whose uplink can be taken by a bridge. */
export const guestHost: HostFacts = {
  uplink: {
    name: "eth0",
    mtu: 1500,
    mac: mac("02:00:00:00:00:01"),
    addresses: [prefix("192.0.2.1/24"), prefix("2001:db8::1/64")],
  },
  takeover: {
    lower: { mac: mac("02:00:00:00:00:01"), mtu: 1500 },
    host: { addresses: [], routes: [], neighbours: [] },
    taken: false,
    unfinished: false,
    nexthopObjects: [],
  },
  prefixes: [prefix("192.0.2.0/24")],
  connected: [],
};

export const guestCase = (config: JsonObject = {}, one: Partial<TransparentCase> = {}): TransparentCase => ({
  ips: ["192.0.2.100/24 192.0.2.2", "2001:db8::100/64 2001:db8::2"],
  host: guestHost,
  ...one,
  config: { vnic: "vmNic", ...config },
});

/** @param config keys beside `vnic` */
export function guestOnLan(config?: JsonObject, one?: Partial<TransparentCase>): VmPlan<AnyExternalSwitch> {
  return requireVmPlan(externalPlan(guestCase(config, one)));
}
