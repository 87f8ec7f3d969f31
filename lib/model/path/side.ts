/** Interfaces of the host that its rules take for one side of a network: bridges, and tunnels that it routes to. */
import type { Scene, SceneNetwork } from "../scene.ts";
import { networkOfSwitch } from "./find.ts";
import { routedTunnel } from "./remote.ts";

export interface Side {
  readonly network: SceneNetwork;
  /** Of the host. */
  readonly name: string;
  /** The other hosts of the network are there. */
  readonly remote: boolean;
}

/** @returns undefined for the uplink, and for whatever is no network of ours */
export function sideOf(scene: Scene, name: string | undefined): Side | undefined {
  if (name === undefined) return undefined;
  const here = networkOfSwitch(scene, name);
  if (here !== undefined) return { network: here, name, remote: false };
  const beyond = routedTunnel(scene, name);
  return beyond && { network: beyond, name, remote: true };
}
