/** Ways to other hosts, by which a live probe may leave or come. Pure. */
import type { LiveTunnel } from "../../../lib/model/live/live.ts";
import { overlayNetworks, peersOf } from "../../../lib/model/path/remote.ts";
import type { Scene } from "../../../lib/model/scene.ts";

export const liveTunnels = (scene: Scene): readonly LiveTunnel[] =>
  overlayNetworks(scene).map((network) => ({
    name: network.switch.tunnel.name,
    network: network.name,
    vteps: peersOf(network).map(({ vtep }) => vtep),
  }));
