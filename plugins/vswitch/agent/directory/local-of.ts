/** What of this host's state concerns a directory. Pure. */
import { networkOf, type Prefix, prefixAddress } from "../../../../lib/addr/prefix.ts";
import type { Pool } from "../../../../lib/cluster/pool.ts";
import type { LocalEndpoint } from "../../../../lib/cluster/publish-endpoints.ts";
import type { EtcdAccess } from "../../../../lib/directory/config.ts";
import type { Identity } from "../../../../lib/directory/identity.ts";
import type { NetworkRecord } from "../../../../lib/directory/records.ts";
import type { HostFacts } from "../../../../lib/model/facts.ts";
import type { OverlaySwitch } from "../../../../lib/model/switch.ts";
import type { NetworkSpec } from "../../../../lib/verbs/network-spec.ts";
import type { LiveEndpoint } from "../../host.ts";
import type { Local, Member } from "./membership.ts";

export interface OverlayNetwork {
  readonly name: string;
  readonly spec: NetworkSpec<OverlaySwitch>;
  /** Longest packet that goes to other hosts in one piece now, in bytes. */
  readonly mtu: number;
  readonly host: HostFacts;
}

export interface Surroundings {
  /** Of all overlay networks of the host: what they have on it is nobody else's. */
  readonly switches: readonly string[];
  readonly identity: Omit<Identity, "tunnel">;
  /** Of all networks. */
  readonly endpoints: readonly LiveEndpoint[];
  /** Blocks that it gives addresses out of, by network. */
  readonly blocks: ReadonlyMap<string, readonly Prefix[]>;
  /** Networks whose addresses a directory deals out. */
  readonly dealt: ReadonlySet<string>;
}

/** Two networks with equal ones share a client, and this host's place in the directory. */
export const accessKey = ({ endpoints, prefix, tls, user }: EtcdAccess, type: string): string =>
  JSON.stringify([type, endpoints, prefix, tls, user]);

/** @param networks of one directory, by name; the first one says where this host's tunnels end */
export function localOf(
  networks: readonly OverlayNetwork[],
  pools: readonly Pool[],
  { switches, identity, endpoints, blocks, dealt }: Surroundings,
): Local {
  const [first] = networks;
  const members = networks.map((network) => memberOf(network, dealt, blocks));
  const names = new Set(networks.map(({ name }) => name));
  const own = endpoints.filter(({ network }) => names.has(network)).map(endpointOf);
  if (first === undefined) return { identity, networks: [], pools, endpoints: [] };
  const { vtep, mac, udpPort } = first.spec.switch.tunnel;
  return {
    node: {
      ...{ uid: identity.uid, name: identity.name, vtep, mac },
      connected: first.host.connected
        .filter((subnet) => !switches.includes(subnet.interface))
        .map(({ prefix }) => prefix),
    },
    identity: {
      ...identity,
      tunnel: { vtep, mac, udpPort, mtu: Math.min(...networks.map(({ mtu }) => mtu)) },
    },
    ...{ networks: members, pools, endpoints: own },
  };
}

function memberOf(
  { name, spec }: OverlayNetwork,
  dealt: ReadonlySet<string>,
  blocks: Surroundings["blocks"],
): Member {
  const { vni, mode, cidrs, gateways, mac, tunnel } = spec.switch;
  const subnets = dealt.has(name) || mode !== "routed" ? [] : distinct(gateways.map(networkOf));
  const all = cidrs.length > 0 ? cidrs : distinct(gateways.map(networkOf));
  const record: NetworkRecord | undefined =
    all.length === 0 || spec.directory === undefined
      ? undefined
      : {
          ...{ v: 1, vni, mode, cidrs: all, blockBits: spec.directory.blockBits },
          udpPort: tunnel.udpPort,
        };
  return {
    ...{ network: name, vni, mode, cidrs, gateways, mac, udpPort: tunnel.udpPort, subnets },
    blocks: distinct([...subnets, ...(blocks.get(name) ?? [])]),
    ...(record === undefined ? {} : { record }),
  };
}

const distinct = <T>(all: readonly T[]): readonly T[] => [...new Set(all)];

function endpointOf({ network, containerId, ifname, plan }: LiveEndpoint): LocalEndpoint {
  const { addresses, mac } = plan.vnic;
  return { network, containerId, ifname, record: { v: 1, ips: addresses.map(prefixAddress), mac } };
}
