/** Looking for an endpoint and taking it away, whatever its switch is. */
import type { Removal } from "../backend.ts";
import { isStacked } from "../model/switch.ts";
import { joinedTap, linkName } from "../model/vm-nic.ts";
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
  const hangs = plan !== undefined && isStacked(plan.switch);
  const isInside = plan === undefined || hangs || joinedTap(plan) !== undefined;
  const inside = where !== undefined && isInside ? tryOpen(where, machine) : undefined;
  try {
    const first = (): void => {
      if (inside === undefined) return;
      removeJoinedTap(inside.netlink, key, plan);
      if (plan === undefined || hangs)
        removeStackedVnic({ host: machine.host, inside: inside.netlink }, key, plan);
    };
    if (hangs) {
      first();
      removeHostRoutes(machine.host, plan);
    } else removeEndpoint(machine, key, plan, first);
  } finally {
    inside?.close();
  }
}
