/** What `show` tells of an overlay network beside what it tells of all. Pure. */
import type { Ip } from "../../../lib/addr/ip.ts";
import type { Counters, Drops, Traffic } from "../../../lib/model/counters.ts";
import type { Peer } from "../../../lib/model/peer.ts";
import type { SceneDirectory } from "../../../lib/model/scene.ts";
import type { OverlayMode, OverlaySwitch } from "../../../lib/model/switch.ts";

export interface OverlayView {
  readonly mode: OverlayMode;
  readonly vni: number;
  readonly udpPort: number;
  readonly tunnel: string;
  readonly state: "up" | "down" | "absent";
  /** The host's address on the underlay, and the interface it is on. */
  readonly vtep: Ip;
  readonly uplink: string;
  /** Absent: nothing is known of other hosts yet. */
  readonly directory?: DirectoryView;
  readonly peers: readonly Peer[];
  /** Of the tunnel, where it is there: `out` is towards other hosts. */
  readonly counters?: TunnelView;
}

export interface DirectoryView extends Omit<SceneDirectory, "peers"> {}

export interface TunnelView {
  readonly out: Traffic;
  readonly in: Traffic;
  readonly drops: readonly Drops[];
}

export function overlayView(
  { mode, vni, tunnel }: OverlaySwitch,
  directory: SceneDirectory | undefined,
  { tunnels = [] }: Counters,
): OverlayView {
  const found = tunnels.find(({ name }) => name === tunnel.name);
  return {
    mode,
    vni,
    udpPort: tunnel.udpPort,
    tunnel: tunnel.name,
    state: found === undefined ? "absent" : found.up ? "up" : "down",
    vtep: tunnel.vtep,
    uplink: tunnel.uplink,
    ...(directory === undefined ? {} : { directory: withoutPeers(directory) }),
    peers: directory?.peers ?? [],
    ...(found === undefined ? {} : { counters: { out: found.out, in: found.in, drops: found.drops } }),
  };
}

function withoutPeers({ peers: _, ...directory }: SceneDirectory): DirectoryView {
  return directory;
}
