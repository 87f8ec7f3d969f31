/** A network before its first container: an agent is in its directory already, and knows other hosts when that one comes. */
import type { AddRequest } from "../cni/request.ts";
import type { Switch } from "../model/switch.ts";
import type { Backend } from "../seam/backend.ts";
import type { Store } from "../state/store.ts";
import { settingsOf } from "./define-network.ts";
import type { NetworkPlugin } from "./network-plugin.ts";
import type { NetworkSpec } from "./network-spec.ts";

/**
 * Defines a network with a directory, as its first ADD will; what is defined already stays as it is. Nothing of the kernel is
 * touched.
 *
 * @param request of which configuration and arguments count
 * @returns whether it was new. @throws {CniError} 7 for what is wrong with it, 106 without the uplink
 */
export function joinNetwork<Config, S extends Switch>(
  plugin: NetworkPlugin<Config, S>,
  request: AddRequest,
  { store, backend }: { readonly store: Store; readonly backend: Pick<Backend, "observeHost"> },
): boolean {
  const config = plugin.parse(request);
  const directory = plugin.directory?.(config);
  const { name } = request.config;
  if (directory === undefined || store.networks.get(name) !== undefined) return false;
  const host = backend.observeHost(plugin.uplink(config), plugin.query?.(name, config));
  const spec: NetworkSpec<S> = {
    switch: plugin.switch(name, config, host),
    settings: settingsOf(plugin, config, request),
    directory,
  };
  return store.transaction(() => {
    if (store.networks.get(name) !== undefined) return false;
    store.networks.put({ name, kind: plugin.kind, spec });
    return true;
  });
}
