/** A block that is no longer this host's: its gateway goes, so that packets for it take the way to whoever has it next. */
import { contains, type Prefix, prefixAddress } from "../../../../lib/addr/prefix.ts";
import { isStacked, type Switch } from "../../../../lib/model/switch.ts";
import type { NetworkSpec } from "../../../../lib/verbs/network-spec.ts";
import { rewriteSwitch } from "../../../../lib/verbs/rewrite-switch.ts";
import type { Host } from "../../host.ts";

/** @throws {CniError} 105: the block is to be kept */
export function retireBlock({ store, backend }: Host, network: string, block: Prefix): void {
  const before = switchOf(store.networks.get(network)?.spec);
  if (before === undefined || isStacked(before)) return;
  const without = (known: Switch): Switch => {
    const gateways = known.gateways.filter((gateway) => !contains(block, prefixAddress(gateway)));
    return gateways.length === known.gateways.length ? known : { ...known, gateways };
  };
  store.transaction(() => {
    if (!rewriteSwitch(store, network, without)) return;
    const after = without(before);
    if (!isStacked(after)) backend.shrinkSwitch(before, after);
  });
}

const switchOf = (spec: unknown): Switch | undefined => (spec as NetworkSpec | undefined)?.switch;
