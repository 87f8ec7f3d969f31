/** Looking for an endpoint and taking it away, whatever its switch is. */
import type { Plan } from "../model/plan.ts";
import { isStacked } from "../model/switch.ts";
import { joinedTap, linkName } from "../model/vm-nic.ts";
import type { Removal } from "../seam/backend.ts";
import { linkOf } from "./link-of.ts";
import type { Machine } from "./machine.ts";
import { markedKey } from "./mark.ts";
import { portOf, removeEndpoint } from "./remove.ts";
import { isVnicOf, removeHostRoutes, removeStackedVnic } from "./stacked/remove.ts";
import { tryOpen } from "./try-open.ts";
import { removeJoinedTap } from "./vm/remove.ts";

/** vNICs without a port bear their mark in the compartment alone. */
export function isAttached(machine: Machine, { key, path, plan }: Removal): boolean {
  if (plan === undefined || !isStacked(plan.switch))
    return markedKey(portOf(machine.host, key, plan)?.alias) === key;
  const inside = tryOpen(path ?? plan.compartment.path, machine);
  try {
    const link = inside && linkOf(inside.netlink, linkName(plan));
    return link !== undefined && isVnicOf(link, key, plan);
  } finally {
    inside?.close();
  }
}

export function removeAny(machine: Machine, { key, path, plan }: Removal): void {
  const where = path ?? plan?.compartment.path;
  const inside = where !== undefined && isInside(plan) ? tryOpen(where, machine) : undefined;
  try {
    const removeInside = (): void => {
      if (inside === undefined) return;
      removeJoinedTap(inside.netlink, key, plan);
      removeStackedVnic({ host: machine.host, inside: inside.netlink }, key, plan);
    };
    if (plan === undefined || !isStacked(plan.switch)) {
      removeEndpoint(machine, key, plan, removeInside);
      return;
    }
    removeInside();
    removeHostRoutes(machine.host, plan);
  } finally {
    inside?.close();
  }
}

/** Whether something of it would not go with its port; without a plan there may be. */
const isInside = (plan: Plan | undefined): boolean =>
  plan === undefined || isStacked(plan.switch) || joinedTap(plan) !== undefined;
