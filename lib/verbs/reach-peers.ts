/** Reaching the other hosts of overlay networks: what ADD and whoever mends does, besides endpoints. */
import type { Ip } from "../addr/ip.ts";
import { prefixAddress } from "../addr/prefix.ts";
import { CniError, errorCode } from "../cni/error.ts";
import type { Peer } from "../model/peer.ts";
import { isOverlay, type OverlaySwitch } from "../model/switch.ts";
import type { Applied, Backend, Connected, Remotes } from "../seam/backend.ts";
import type { Store } from "../state/store.ts";
import type { NetworkSpec } from "./network-spec.ts";

interface Surroundings {
  readonly store: Store;
  readonly context: { readonly backend: Backend; now(): number };
}

/**
 * After an ADD on the network.
 *
 * @param named peers in the configuration, which are compared with each ADD; undefined where a directory tells of them:
 *   an agent follows it, and what was last known serves where the switch was made just now
 * @throws {CniError} 105
 */
export function reachPeers(
  vswitch: OverlaySwitch,
  named: readonly Peer[] | undefined,
  applied: Applied,
  surroundings: Surroundings,
): void {
  const { store, context } = surroundings;
  const { network } = vswitch;
  const { directories } = store;
  if (named === undefined && !applied.switchMade) return;
  const isKnown = (): boolean =>
    named === undefined || JSON.stringify(directories.get(network)?.peers) === JSON.stringify(named);
  // The common case, peers that are as they were, takes no lock: many ADDs at once would wait for each other.
  if (isKnown() && !applied.switchMade && isReached(vswitch, surroundings)) return;
  store.transaction(() => {
    if (named !== undefined && !isKnown())
      directories.put(network, { peers: named, revision: "0", savedMs: context.now() });
    requireAll(network, connect(vswitch, surroundings));
  });
}

const isReached = (vswitch: OverlaySwitch, { store, context }: Surroundings): boolean =>
  context.backend.comparePeers(vswitch, remotesOf(vswitch, store))?.length === 0;

/**
 * After the rules of all networks were made anew: without its own an overlay network takes nothing from anybody. One of
 * whose peers nothing is known, its state being lost, keeps what it has until it hears of them.
 */
export function reachPeersOfOthers(network: string, surroundings: Surroundings): void {
  const { store } = surroundings;
  store.transaction(() => {
    for (const row of store.networks.list()) {
      const { switch: vswitch } = row.spec as NetworkSpec;
      const known = isOverlay(vswitch) && store.directories.get(row.name) !== undefined;
      if (row.name !== network && known) connect(vswitch, surroundings);
    }
  });
}

/** @returns undefined where the network has no switch on this host */
export function connect(vswitch: OverlaySwitch, { store, context }: Surroundings): Connected | undefined {
  return context.backend.connectPeers(vswitch, remotesOf(vswitch, store));
}

/** As they were last known. */
export function remotesOf({ network, mode }: OverlaySwitch, store: Store): Remotes {
  return { peers: store.directories.get(network)?.peers ?? [], own: ownAddresses({ network, mode }, store) };
}

/** Of containers that are here, where they could be elsewhere. */
export function ownAddresses(
  { network, mode }: Pick<OverlaySwitch, "network" | "mode">,
  store: Pick<Store, "endpoints">,
): readonly Ip[] {
  const plans = mode === "routed" ? [] : store.endpoints.list(network).flatMap(({ plan }) => plan ?? []);
  return plans.flatMap(({ vnic }) => vnic.addresses.map(prefixAddress));
}

function requireAll(network: string, connected: Connected | undefined): void {
  const [failure, ...more] = connected?.failures ?? [];
  if (failure === undefined) return;
  throw new CniError(
    errorCode.kernelRefused,
    `reach the other hosts of network ${network}: ${failure.message}${more.length > 0 ? `, and ${more.length} more` : ""}`,
    {
      reason: "peers-refused",
      details: "see what the kernel refused; the container was not attached",
      cause: failure,
    },
  );
}
