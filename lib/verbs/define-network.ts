/** The definition of a network: remembered when it is known, made when it is new, refused when it differs in use. */
import { networkOf, overlaps, type Prefix } from "../addr/prefix.ts";
import { CniError, errorCode } from "../cni/error.ts";
import type { AddRequest } from "../cni/request.ts";
import type { HostFacts } from "../model/facts.ts";
import { isBridge, isOverlay, type Switch } from "../model/switch.ts";
import type { Backend } from "../seam/backend.ts";
import type { Store } from "../state/store.ts";
import { ownerOf } from "./attachment.ts";
import type { Context } from "./context.ts";
import type { NetworkPlugin } from "./network-plugin.ts";
import {
  configuredSubnets,
  differingSettings,
  type NetworkSpec,
  requireSameNetwork,
} from "./network-spec.ts";
import { removedSwitch } from "./release-switch.ts";

interface Surroundings {
  readonly store: Store;
  readonly context: Pick<Context, "backend" | "bootId" | "log">;
}

/** Runs inside the transaction that writes the endpoint. @throws {CniError} 108 when the network differs in use */
export function defineNetwork<Config, S extends Switch>(
  plugin: NetworkPlugin<Config, S>,
  config: Config,
  request: AddRequest,
  { store, context, source }: Surroundings & { readonly source: { readonly inProcess: boolean } },
): NetworkSpec<S> {
  const { key, network } = ownerOf(request);
  const row = store.networks.get(network);
  const settings = settingsOf(plugin, config, request);
  const needsSubnet =
    settings.subnet === undefined && source.inProcess && plugin.automaticSubnet !== undefined;
  const known = row?.spec as NetworkSpec<S> | undefined;
  const directory = plugin.directory?.(config);
  const joining = directory === undefined ? {} : { directory };
  const endpoints = store.endpoints.list(network);
  const inUse = endpoints.some((other) => other.key !== key && other.bootId === context.bootId);
  if (known !== undefined && !known.recovered) {
    if (inUse) requireSameNetwork(network, known.settings, settings);
    const same = differingSettings(known.settings, settings).length === 0;
    const renewed = same && !inUse && plugin.isOfHost?.(config) === true;
    if (same && !renewed && (inUse || known.automatic === undefined || isStillFree(known, context.backend)))
      return followed(known);
    // What cannot be shall cost the old one nothing. Of a bridge that holds the uplink nobody can tell before it has let go.
    if (!renewed && !isBridge(known.switch)) plugin.switch(network, config, observed());
    // Nobody is on it any more: the switch of the old definition makes room.
    if (!renewed) context.backend.removeSwitch(removedSwitch(known.switch, store));
  }
  function observed(): HostFacts {
    return context.backend.observeHost(plugin.uplink(config), plugin.query?.(network, config));
  }
  /** With what of it goes with the configuration. */
  function followed(spec: NetworkSpec<S>): NetworkSpec<S> {
    const next = { ...spec, switch: plugin.follow?.(spec.switch, config) ?? spec.switch, ...joining };
    if (plugin.follow === undefined || JSON.stringify(next) === JSON.stringify(spec)) return next;
    requireNoOverlap(next.switch, store, context);
    store.networks.put({ name: network, kind: plugin.kind, spec: next });
    return next;
  }
  const host = observed();
  if (known !== undefined && !known.recovered && host.takeover?.unfinished) return known;
  const taken = [...host.prefixes, ...otherNetworks(store, network).map(({ prefix }) => prefix)];
  const before = automaticOf(known);
  const settled = inUse || known?.recovered === true;
  const isFree = (prefix: Prefix): boolean => !taken.some((other) => overlaps(other, prefix));
  const kept = before !== undefined && (settled || isFree(before)) ? before : undefined;
  const automatic = needsSubnet ? (kept ?? plugin.automaticSubnet?.(network, taken)) : undefined;
  const fresh = plugin.switch(network, config, host);
  // A bridge that nobody is on any more has the MTU that it was made with.
  if (known !== undefined && isOverlay(fresh) && fresh.mtu !== known.switch.mtu && !settled)
    context.backend.removeSwitch(removedSwitch(known.switch, store));
  const spec: NetworkSpec<S> = {
    switch: known?.recovered ? { ...fresh, mtu: known.switch.mtu, gateways: known.switch.gateways } : fresh,
    settings,
    ...(automatic === undefined ? {} : { automatic }),
    ...joining,
  };
  store.networks.put({ name: network, kind: plugin.kind, spec });
  for (const text of plugin.warnings?.(network, config, host) ?? []) context.log.warn(text);
  return spec;
}

/** What the configuration decides of the network, by key. */
export function settingsOf<Config, S extends Switch>(
  plugin: Pick<NetworkPlugin<Config, S>, "kind" | "nativeIpam" | "settings">,
  config: Config,
  { config: conf }: Pick<AddRequest, "config">,
): NetworkSpec["settings"] {
  const subnets = configuredSubnets(plugin.nativeIpam({ ...conf.raw, ipam: conf.ipam?.raw }));
  return {
    type: plugin.kind,
    ...(subnets.length > 0 ? { subnet: [...new Set(subnets)].toSorted().join(",") } : {}),
    ...plugin.settings(config),
  };
}

/** The host may have got an address in a chosen prefix while nobody was on the network. */
function isStillFree({ automatic, switch: own }: NetworkSpec, backend: Backend): boolean {
  const { connected } = backend.observeHost();
  return !connected.some(
    (subnet) =>
      subnet.interface !== own.name && automatic !== undefined && overlaps(subnet.prefix, automatic),
  );
}

/** The prefix a network has got before. */
function automaticOf(known: NetworkSpec | undefined): Prefix | undefined {
  const [gateway] = known?.recovered ? known.switch.gateways : [];
  return gateway === undefined ? known?.automatic : networkOf(gateway);
}

/**
 * Notes the gateways and families that a plan added to its switch.
 *
 * @throws {CniError} 108 when a subnet overlaps that of another network or of a link of the host: nobody could tell
 *   where its packets belong
 */
export function rememberSwitch(planned: Switch, { store, context }: Surroundings): void {
  const row = store.networks.get(planned.network);
  const spec = row?.spec as NetworkSpec | undefined;
  const isKnown = (known: Switch): boolean =>
    known.gateways.length === planned.gateways.length &&
    known.forwarding.length === planned.forwarding.length;
  if (row === undefined || spec === undefined || isKnown(spec.switch)) return;
  requireNoOverlap(planned, store, context);
  store.networks.put({ ...row, spec: { ...spec, switch: planned } satisfies NetworkSpec });
}

function requireNoOverlap(planned: Switch, store: Store, { backend }: Pick<Context, "backend">): void {
  const { connected } = backend.observeHost();
  const taken = [
    ...otherNetworks(store, planned.network),
    ...connected
      .filter((subnet) => subnet.interface !== planned.name)
      .map((subnet) => ({ prefix: subnet.prefix, holder: `interface ${subnet.interface}` })),
  ];
  for (const own of prefixesOf(planned)) {
    const other = taken.find(({ prefix }) => overlaps(prefix, own));
    if (other === undefined) continue;
    throw new CniError(
      errorCode.conflict,
      `network ${planned.network}: its subnet ${networkOf(own)} overlaps ${networkOf(other.prefix)} of ${other.holder}`,
      { reason: "subnet-overlap", details: "give the network another subnet" },
    );
  }
}

/** What leads to the switch while somebody is on it: of an overlay network's subnets, those of other hosts as well. */
function prefixesOf(vswitch: Switch): readonly Prefix[] {
  const { gateways } = vswitch;
  const routed = isOverlay(vswitch) && vswitch.mode === "routed" && gateways.length > 0;
  return routed ? [...gateways, ...vswitch.cidrs] : gateways;
}

/** Subnets of the other networks of this host. */
function otherNetworks(
  store: Store,
  network: string,
): readonly { readonly prefix: Prefix; readonly holder: string }[] {
  return store.networks
    .list()
    .filter((row) => row.name !== network)
    .flatMap((row) => {
      const { switch: known, automatic } = row.spec as NetworkSpec;
      const prefixes = [...(automatic === undefined ? [] : [automatic]), ...prefixesOf(known)];
      return prefixes.map((prefix) => ({ prefix, holder: `network ${row.name}` }));
    });
}
