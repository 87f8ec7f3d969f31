/** Counters of vNICs that hang on an uplink, read where they are: in their compartments. */
import type { LinkState, PortCounters } from "../../model/counters.ts";
import type { Plan } from "../../model/plan.ts";
import { isExternal, isStacked, type Switch } from "../../model/switch.ts";
import { linkName } from "../../model/vm-nic.ts";
import { decodeLink, type Link } from "../../netlink/route/decode-link.ts";
import { getLink } from "../../netlink/route/link.ts";
import { isErrno } from "../../os/error.ts";
import { linkOf } from "../link-of.ts";
import type { Machine } from "../machine.ts";
import { tryOpen } from "../try-open.ts";
import { isVnicOf } from "./remove.ts";

/** Nothing of one whose compartment or interface is gone. */
export function observeStackedCounters(machine: Machine, plans: readonly Plan[]): readonly PortCounters[] {
  return plans.filter((plan) => isStacked(plan.switch)).flatMap((plan) => countersOf(machine, plan) ?? []);
}

function countersOf(machine: Machine, plan: Plan): PortCounters | undefined {
  const inside = tryOpen(plan.compartment.path, machine);
  try {
    const [link] = inside?.netlink.request(getLink(linkName(plan), { stats: true })).map(decodeLink) ?? [];
    return link === undefined || !isVnicOf(link, plan.key, plan) ? undefined : toCounters(link, plan);
  } catch (error) {
    if (isErrno(error, "ENODEV")) return undefined;
    throw error;
  } finally {
    inside?.close();
  }
}

/** Seen from within: what it receives goes into the container. */
function toCounters({ name, up, stats }: Link, { key, switch: vswitch }: Plan): PortCounters {
  const { rxPackets = 0n, rxBytes = 0n, txPackets = 0n, txBytes = 0n } = stats ?? {};
  const { rxErrors = 0n, rxDropped = 0n, txErrors = 0n, txDropped = 0n } = stats ?? {};
  const drops = [
    { layer: "kernel", direction: "Out", packets: Number(txErrors + txDropped) },
    { layer: "kernel", direction: "In", packets: Number(rxErrors + rxDropped) },
  ] as const;
  return {
    name,
    key,
    up,
    inside: true,
    switch: vswitch.name,
    out: { packets: Number(txPackets), bytes: Number(txBytes) },
    in: { packets: Number(rxPackets), bytes: Number(rxBytes) },
    drops: drops.filter(({ packets }) => packets > 0),
  };
}

/** Of the uplinks of external switches, and of the VLANs on them; nothing of those that are gone. */
export function observeUplinks(
  { host }: Pick<Machine, "host">,
  switches: readonly Switch[],
): readonly LinkState[] {
  const names = new Set(switches.filter(isExternal).flatMap(({ uplink, lower }) => [uplink, lower]));
  return [...names].flatMap((name) => {
    const link = linkOf(host, name);
    return link === undefined ? [] : [{ name, up: link.up, carrier: link.carrier, mtu: link.mtu }];
  });
}
