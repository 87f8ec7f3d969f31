/** Takes the switch of a network away when no endpoint is left on it. */
import { switchName } from "../model/plan.ts";
import { isExternal, type Switch } from "../model/switch.ts";
import type { Backend, RemovedSwitch } from "../seam/backend.ts";
import type { Store } from "../state/store.ts";
import type { NetworkSpec } from "./network-spec.ts";

interface Surroundings {
  readonly store: Store;
  readonly context: { readonly backend: Backend };
}

/**
 * An ADD writes its row before it touches the kernel, so a network without rows has no one at work; the transaction
 * keeps new ones out meanwhile.
 *
 * @param options.forget also the definition; else it stays, with the prefix that was chosen for the network
 * @returns whether the switch is gone
 */
export function releaseSwitch(
  network: string,
  { store, context }: Surroundings,
  options: { readonly forget: boolean },
): boolean {
  return store.transaction(() => {
    const row = store.networks.get(network);
    if (store.endpoints.list(network).length > 0) return false;
    if (row === undefined) return releaseMarked(network, context.backend);
    const spec = row.spec as NetworkSpec;
    const removed = context.backend.removeSwitch(removedSwitch(spec.switch, store));
    // A definition that never came true, its switch's name being somebody else's, must not keep its subnet from others.
    if (options.forget) {
      store.networks.remove(network);
      store.directories.remove(network);
    }
    if (!options.forget && removed)
      store.networks.put({
        ...row,
        spec: { ...spec, switch: { ...spec.switch, gateways: [], forwarding: [] } },
      });
    return removed;
  });
}

/** VLANs of an uplink are shared by the networks that name them. */
export function removedSwitch(definition: Switch, store: Store): RemovedSwitch {
  const { network, name } = definition;
  const lowerInUse =
    isExternal(definition) &&
    store.networks.list().some((row) => {
      const other = (row.spec as NetworkSpec).switch;
      const shares = row.name !== network && isExternal(other) && other.lower === definition.lower;
      return shares && store.endpoints.list(row.name).length > 0;
    });
  return { network, name, definition, lowerInUse };
}

/**
 * Without a definition, its state being lost, the marks tell which switch was the network's. One that an ADD made and
 * was killed before it bore a mark has the name that it would have, and tables may be there that nobody has used yet.
 */
function releaseMarked(network: string, backend: Backend): boolean {
  const marked = backend.marks(network).switches.map(({ name }) => name);
  const names = [...new Set([...marked, switchName(network)])];
  return names.map((name) => backend.removeSwitch({ network, name })).every((gone) => gone);
}
