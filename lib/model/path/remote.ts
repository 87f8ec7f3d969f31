/** The other hosts of overlay networks: whose an address, a MAC or a VTEP is, by their directories and by the kernel's rows. */
import type { Ip } from "../../addr/ip.ts";
import type { Mac } from "../../addr/mac.ts";
import { contains, hostPrefix, type Prefix } from "../../addr/prefix.ts";
import type { Peer } from "../peer.ts";
import type { Scene, SceneForwarding, SceneNetwork } from "../scene.ts";
import { isOverlay, type OverlaySwitch } from "../switch.ts";
import type { Place, Writer } from "./trace.ts";

export type OverlayNetwork = SceneNetwork<OverlaySwitch>;

export const isOverlayNetwork = (network: SceneNetwork): network is OverlayNetwork =>
  isOverlay(network.switch);

export const overlayNetworks = ({ networks }: Scene): readonly OverlayNetwork[] =>
  networks.filter(isOverlayNetwork);

/** The network whose tunnel an interface of the host is. */
export const networkOfTunnel = (scene: Scene, name: string | undefined): OverlayNetwork | undefined =>
  overlayNetworks(scene).find(({ switch: { tunnel } }) => tunnel.name === name);

/** Where the host routes between bridge and tunnel, and so has a link of its own to the other hosts. */
export function routedTunnel(scene: Scene, name: string | undefined): OverlayNetwork | undefined {
  const network = networkOfTunnel(scene, name);
  return network?.switch.mode === "routed" ? network : undefined;
}

export const tunnelPlace = ({ switch: { tunnel } }: OverlayNetwork): Place => ({
  kind: "tunnel",
  name: tunnel.name,
});

/** By whom rows of the network's other hosts are written. */
export function byDirectory({ name, directory }: OverlayNetwork): Writer {
  if (directory === undefined) return { kind: "kernel" };
  const { type, revision } = directory;
  return { kind: "directory", network: name, type, ...(type === "static" ? {} : { revision }) };
}

/** The directory in words, such as a sentence begins with. */
export const directoryWords = ({ name, directory }: OverlayNetwork): string =>
  directory === undefined || directory.type === "static"
    ? `the configuration of network ${name}`
    : `the directory of network ${name} (${directory.type}, revision ${directory.revision})`;

export const peersOf = ({ directory }: SceneNetwork): readonly Peer[] => directory?.peers ?? [];

export const peerAt = (network: OverlayNetwork, vtep: Ip): Peer | undefined =>
  peersOf(network).find((peer) => peer.vtep === vtep);

/** The host that a directory says has the address. */
export const peerWith = (network: OverlayNetwork, address: Ip): Peer | undefined =>
  peersOf(network).find(
    ({ subnets, endpoints }) =>
      subnets.some((subnet) => contains(subnet, address)) ||
      endpoints.some(({ addresses }) => addresses.includes(address)),
  );

/** The host behind which a directory says the MAC is. */
export const peerBehind = (network: OverlayNetwork, mac: Mac): Peer | undefined =>
  peersOf(network).find((peer) => peer.mac === mac || peer.endpoints.some((one) => one.mac === mac));

/** A VTEP with its host's name, where that is another. */
export function vtepWords(network: OverlayNetwork, vtep: Ip): string {
  const node = peerAt(network, vtep)?.node;
  return node === undefined || node === vtep ? vtep : `${vtep} (${node})`;
}

/** The host whose container an address is: of this host's networks none has it. */
export function remoteOwner(
  scene: Scene,
  address: Ip,
): { readonly network: OverlayNetwork; readonly peer: Peer } | undefined {
  for (const network of overlayNetworks(scene)) {
    const peer = peerWith(network, address);
    if (peer !== undefined) return { network, peer };
  }
  return undefined;
}

/** Rows of a tunnel, or of its bridge for what is behind it. */
export function rowsOf(
  { host }: Scene,
  { switch: { tunnel } }: OverlayNetwork,
  on: SceneForwarding["on"],
): readonly SceneForwarding[] {
  return (host.fdb ?? []).filter((row) => row.interface === tunnel.name && row.on === on);
}

/** Whether the bridge has the MAC behind the tunnel. */
export const isBehind = (scene: Scene, network: OverlayNetwork, mac: Mac): boolean =>
  rowsOf(scene, network, "master").some((row) => row.mac === mac);

export interface RemoteNeighbour {
  readonly address: Ip;
  readonly mac: Mac;
}

/**
 * For whom the switch answers in their place (br_do_proxy_suppress_arp of net/bridge/br_arp_nd_proxy.c): the bridge knows
 * the address as a neighbour's, and its MAC as one behind the tunnel. Only in the mode `stretched`.
 */
export function remoteNeighbours(scene: Scene, network: OverlayNetwork): readonly RemoteNeighbour[] {
  if (network.switch.mode !== "stretched") return [];
  const behind = new Set(rowsOf(scene, network, "master").map(({ mac }) => mac));
  return scene.host.neighbours.filter((one) => one.interface === network.switch.name && behind.has(one.mac));
}

/** Prefixes with which directories compare an address. */
export const remotePrefixes = (scene: Scene): readonly Prefix[] =>
  overlayNetworks(scene).flatMap((network) =>
    peersOf(network).flatMap(({ subnets, endpoints }) => [
      ...subnets,
      ...endpoints.flatMap(({ addresses }) => addresses.map(hostPrefix)),
    ]),
  );
