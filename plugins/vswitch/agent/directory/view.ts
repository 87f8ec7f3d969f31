/** The host as far as overlay networks go, by its state file and its uplinks. What no longer fits is changed in the state file. */
import type { Ip } from "../../../../lib/addr/ip.ts";
import type { Mac } from "../../../../lib/addr/mac.ts";
import type { Pool } from "../../../../lib/cluster/pool.ts";
import type { Complaint } from "../../../../lib/directory/complaint.ts";
import type { Peer } from "../../../../lib/model/peer.ts";
import { isOverlay, type OverlaySwitch, type Switch } from "../../../../lib/model/switch.ts";
import { vtepMac } from "../../../../lib/model/vtep.ts";
import type { BlockRow } from "../../../../lib/state/blocks.ts";
import type { NetworkSpec } from "../../../../lib/verbs/network-spec.ts";
import { ownAddresses } from "../../../../lib/verbs/reach-peers.ts";
import { rewriteSwitch } from "../../../../lib/verbs/rewrite-switch.ts";
import { type Host, type LiveEndpoint, liveEndpoints } from "../../host.ts";
import type { HostFactsCache } from "./host-facts.ts";
import { accessKey, type OverlayNetwork } from "./local-of.ts";
import { underlayOf } from "./underlay.ts";

export interface View {
  /** By name. */
  readonly networks: readonly OverlayNetwork[];
  /** About their uplinks, by network. */
  readonly complaints: ReadonlyMap<string, readonly Complaint[]>;
  /** Attachments of all networks, those that are there. */
  readonly endpoints: readonly LiveEndpoint[];
  readonly pools: readonly Pool[];
  readonly blocks: readonly BlockRow[];
  /** Addresses of containers that are here, of networks in which they could be elsewhere. */
  readonly own: ReadonlyMap<string, readonly Ip[]>;
  /** Other hosts of a network, as they were last written down. */
  known(network: string): readonly Peer[];
}

export function readView(host: Host, facts: HostFactsCache, say: (text: string) => void): View {
  const { store } = host;
  const rows = store.networks.list().flatMap(({ name, spec }) => {
    const known = spec as NetworkSpec;
    return isOverlay(known.switch) ? [{ name, spec: known as NetworkSpec<OverlaySwitch> }] : [];
  });
  const complaints = new Map<string, readonly Complaint[]>();
  const found = rows.map(({ name, spec }): OverlayNetwork => {
    const about = facts.of(spec.switch.tunnel.uplink);
    const named = spec.settings.vtep !== undefined || spec.directory === undefined;
    const underlay = underlayOf(spec.switch, named, about.uplink);
    complaints.set(name, underlay.complaints);
    const tunnel = { ...spec.switch.tunnel, vtep: underlay.vtep };
    return {
      ...{ name, mtu: underlay.mtu, host: about },
      spec: { ...spec, switch: { ...spec.switch, tunnel } },
    };
  });
  const networks = alignTunnels(found);
  for (const [i, { name, spec }] of networks.entries()) {
    const { vtep, mac } = spec.switch.tunnel;
    const before = rows[i]?.spec.switch.tunnel;
    if (!rewriteSwitch(store, name, (known) => withTunnel(known, vtep, mac))) continue;
    if (before?.vtep !== vtep)
      say(`network ${name}: its tunnel's address is ${vtep} now, it was ${before?.vtep}`);
    if (before?.mac !== mac) say(`network ${name}: its tunnel's MAC is ${mac} now, it was ${before?.mac}`);
  }
  for (const [name, more] of differingVteps(networks))
    complaints.set(name, [...(complaints.get(name) ?? []), more]);
  const own = networks.map(({ name, spec }) => [name, ownAddresses(spec.switch, store)] as const);
  const known = new Map<string, readonly Peer[]>();
  return {
    ...{ networks, complaints, endpoints: liveEndpoints(host) },
    pools: store.pools.list().map(({ spec }) => spec as Pool),
    blocks: store.blocks.list(),
    own: new Map(own),
    known(network) {
      const peers = known.get(network) ?? store.directories.get(network)?.peers ?? [];
      known.set(network, peers);
      return peers;
    },
  };
}

function withTunnel(known: Switch, vtep: Ip, mac: Mac): Switch {
  if (!isOverlay(known) || (known.tunnel.vtep === vtep && known.tunnel.mac === mac)) return known;
  return { ...known, tunnel: { ...known.tunnel, vtep, mac } };
}

/**
 * In a directory a host is one tunnel end, whatever network: one MAC. That of another address than the tunnel's is older, and
 * other hosts know it.
 */
export function alignTunnels(networks: readonly OverlayNetwork[]): readonly OverlayNetwork[] {
  const macs = new Map<string, Mac>();
  for (const network of networks) {
    const { vtep, mac } = network.spec.switch.tunnel;
    const group = groupOf(network);
    if (group !== undefined && mac !== vtepMac(vtep) && !macs.has(group)) macs.set(group, mac);
  }
  return networks.map((network) => {
    const group = groupOf(network);
    const { spec } = network;
    const { tunnel } = spec.switch;
    const mac = group === undefined ? tunnel.mac : (macs.get(group) ?? tunnel.mac);
    if (mac === tunnel.mac) return network;
    return { ...network, spec: { ...spec, switch: { ...spec.switch, tunnel: { ...tunnel, mac } } } };
  });
}

/** Of one directory and one tunnel address. */
function groupOf({ spec }: OverlayNetwork): string | undefined {
  const access = spec.directory?.access;
  return access && `${accessKey(access, access.type)} ${spec.switch.tunnel.vtep}`;
}

/** A host has one address in a directory: networks that want another one are not reached. */
function differingVteps(networks: readonly OverlayNetwork[]): readonly (readonly [string, Complaint])[] {
  const first = new Map<string, OverlayNetwork>();
  return networks.flatMap((network): readonly (readonly [string, Complaint])[] => {
    const { name, spec } = network;
    const access = spec.directory?.access;
    if (access === undefined) return [];
    const key = accessKey(access, access.type);
    const other = first.get(key) ?? network;
    first.set(key, other);
    const [own, theirs] = [spec.switch.tunnel.vtep, other.spec.switch.tunnel.vtep];
    if (own === theirs) return [];
    return [
      [
        name,
        {
          code: "vteps-differ",
          about: name,
          text: `network ${name} has its tunnel at ${own}, network ${other.name} of the same directory at ${theirs}, which is what other hosts are told: they do not reach ${name} here`,
          remedy: "Give both networks one `uplink` and one `vtep`.",
        },
      ],
    ];
  });
}
