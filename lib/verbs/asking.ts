/** What a network plugin asks of a directory, and tells it, in the middle of a verb. Read when that is needed. */
import { giveBack, type OverlayAnswer } from "../../plugins/ipam/pool/ask.ts";
import { remedies } from "../../plugins/ipam/pool/remedy.ts";
import type { AddRequest, DelRequest } from "../cni/request.ts";
import type { Later } from "../cni/run.ts";
import { isOverlay, type Switch } from "../model/switch.ts";
import type { Store } from "../state/store.ts";
import { dataDirOf, ownerOf } from "./attachment.ts";
import type { NetworkPlugin } from "./network-plugin.ts";
import type { NetworkSpec } from "./network-spec.ts";
import { contextOf, type Surroundings } from "./surroundings.ts";

/** @returns what gets an ADD what it lacks */
export function addRemedies<Config, S extends Switch>(
  plugin: NetworkPlugin<Config, S>,
  surroundings: Surroundings,
): ReturnType<typeof remedies> {
  return remedies({
    openStore: (request, log) =>
      contextOf(surroundings, log, "create").openStore(dataDirOf(request.config, surroundings.env)),
    overlay: (request, store) => overlayAnswer(plugin, request, store, surroundings),
  });
}

/** Gives back what an attachment had claimed by its key. */
export function givingBack(request: DelRequest, surroundings: Surroundings): Later {
  return async (log) => {
    const context = contextOf(surroundings, log, "empty");
    const store = context.openStore(dataDirOf(request.config, surroundings.env));
    try {
      await giveBack(request.config.name, ownerOf(request).key, { store, log, now: context.now });
    } finally {
      store.close();
    }
  };
}

/** The switch as it is, or as this ADD will define it. */
function overlayAnswer<Config, S extends Switch>(
  plugin: NetworkPlugin<Config, S>,
  request: AddRequest,
  store: Store,
  { backend }: Surroundings,
): OverlayAnswer | undefined {
  const config = plugin.parse(request);
  const { name } = request.config;
  const known = store.networks.get(name)?.spec as NetworkSpec | undefined;
  const blockBits = plugin.directory?.(config)?.blockBits;
  if (blockBits === undefined) return undefined;
  const vswitch =
    known === undefined || known.recovered
      ? plugin.switch(name, config, backend.observeHost(plugin.uplink(config), plugin.query?.(name, config)))
      : known.switch;
  if (!isOverlay(vswitch)) return undefined;
  const { vni, mode, cidrs, mac, mtu, tunnel } = vswitch;
  const { vtep, udpPort } = tunnel;
  return {
    tunnel: { vtep, mac: tunnel.mac, mtu, udpPort },
    record: { v: 1, vni, mode, cidrs, blockBits, udpPort, gatewayMac: mac },
  };
}
