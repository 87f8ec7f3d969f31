/** Changes the switch of a network that is in use: what its host has was changed under it. */
import type { Switch } from "../model/switch.ts";
import type { Store } from "../state/store.ts";
import type { NetworkSpec } from "./network-spec.ts";

/**
 * The network's row and the plans of its endpoints, in one transaction: whoever reads them sees all of it or nothing.
 *
 * @param change the switch as it shall be; the same one when nothing is to be changed
 * @returns whether anything was
 */
export function rewriteSwitch(
  store: Pick<Store, "networks" | "endpoints" | "transaction">,
  network: string,
  change: (known: Switch) => Switch,
): boolean {
  return store.transaction(() => {
    const row = store.networks.get(network);
    if (row === undefined) return false;
    const spec = row.spec as NetworkSpec;
    const next = change(spec.switch);
    const isNew = next !== spec.switch;
    if (isNew) store.networks.put({ ...row, spec: { ...spec, switch: next } satisfies NetworkSpec });
    let changed = isNew;
    for (const endpoint of store.endpoints.list(network)) {
      const { plan } = endpoint;
      if (plan === null) continue;
      const own = change(plan.switch);
      if (own === plan.switch) continue;
      store.endpoints.put({ ...endpoint, plan: { ...plan, switch: own } });
      changed = true;
    }
    return changed;
  });
}
