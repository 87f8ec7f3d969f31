/** Which endpoints a change of the host may concern. Pure. */
import type { HostChange } from "../../../lib/model/change.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import {
  isExternal,
  isOverlay,
  isStacked,
  type StackedSwitch,
  type Switch,
} from "../../../lib/model/switch.ts";

export interface Watched {
  readonly key: string;
  readonly network: string;
  readonly plan: Pick<Plan, "port" | "switch">;
}

/** @returns keys; more than are concerned at worst, since each is compared before it is touched */
export function affected(changes: readonly HostChange[], endpoints: readonly Watched[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const change of changes)
    for (const { key } of endpoints.filter((endpoint) => concerns(change, endpoint))) keys.add(key);
  return keys;
}

function concerns(change: HostChange, { key, network, plan }: Watched): boolean {
  switch (change.kind) {
    case "host":
      return true;
    case "endpoint":
      return key === change.key;
    // Of no endpoint's.
    case "peers":
      return false;
    // The mark of a network with a long name is another text.
    case "network":
      return network === change.mark || network.startsWith(change.mark.split("~")[0] ?? "");
    case "interface": {
      const { name } = change;
      // Of a vNIC that hangs on an uplink nothing else is seen from the host: what changes in the compartment is not.
      if (isStacked(plan.switch)) return besideOf(plan.switch).includes(name);
      // The port's limiter has digits of the key, as a port has that is no guest's tap.
      return (
        [plan.port.name, ...linksOf(plan.switch)].includes(name) || name.endsWith(`-${key.slice(0, 12)}`)
      );
    }
  }
}

const besideOf = ({ uplink, lower, host }: StackedSwitch): readonly string[] => [
  uplink,
  lower,
  ...(host === undefined ? [] : [host.name]),
];

/** An uplink that comes back is put where it was. */
const linksOf = (vswitch: Switch): readonly string[] => {
  if (isOverlay(vswitch)) return [vswitch.name, vswitch.tunnel.name];
  return isExternal(vswitch) ? [vswitch.name, vswitch.uplink, vswitch.lower] : [vswitch.name];
};
