/** Looking for an endpoint and taking it away, whatever its switch is. */
import type { Removal } from "../backend.ts";
import { portName } from "../model/plan.ts";
import { isStacked } from "../model/switch.ts";
import { linkOf } from "./link-of.ts";
import type { Machine } from "./machine.ts";
import { markedKey } from "./mark.ts";
import { removeEndpoint } from "./remove.ts";
import { isVnicOf, removeHostRoutes, removeStackedVnic } from "./stacked/remove.ts";
import { tryOpen } from "./try-open.ts";

/** vNICs without a port bear their mark in the compartment alone. */
export function isAttached(machine: Machine, { key, path, plan }: Removal): boolean {
  if (plan === undefined || !isStacked(plan.switch))
    return markedKey(linkOf(machine.host, portName(key))?.alias) === key;
  const inside = tryOpen(path ?? plan.compartment.path, machine);
  try {
    const link = inside && linkOf(inside.netlink, plan.vnic.name);
    return link !== undefined && isVnicOf(link, key, plan);
  } finally {
    inside?.close();
  }
}

export function removeAny(machine: Machine, { key, path, plan }: Removal): void {
  const where = path ?? plan?.compartment.path;
  if (where !== undefined && (plan === undefined || isStacked(plan.switch))) {
    const inside = tryOpen(where, machine);
    try {
      if (inside !== undefined) removeStackedVnic({ host: machine.host, inside: inside.netlink }, key, plan);
    } finally {
      inside?.close();
    }
  }
  if (plan !== undefined && isStacked(plan.switch)) removeHostRoutes(machine.host, plan);
  else removeEndpoint(machine, key, plan);
}
