/**
 * Networks of ours are isolated from each other, and the containers of an isolated one among themselves. A bridge with an
 * uplink is the LAN, and stands between nobody.
 */
import type { SceneNetwork } from "../../scene.ts";
import { isBridge } from "../../switch.ts";
import { valueCell } from "../consulted.ts";
import { byNetwork, hostPlace, networkOfSwitch } from "../find.ts";
import { drop, type Layer, type Opening, type Passage, pass, skip } from "../layer.ts";
import { isolatedFault } from "../link.ts";
import { consult, type Walk } from "../walk.ts";

export const hostIsolation: Layer = (walk) => {
  const { scene, state, dnat } = walk;
  const from = networkOfSwitch(scene, walk.in);
  const to = networkOfSwitch(scene, walk.out);
  if (from === undefined || to === undefined) return skip(walk);
  if (isBridge(from.switch) || isBridge(to.switch)) return skip(walk);
  const opening: Opening = {
    id: "host.isolation",
    where: hostPlace,
    object: "networks that reach each other",
    key: `${from.name} -> ${to.name}`,
    writer: byNetwork(to),
  };
  if (dnat) return pass(walk, opening, "goes to a published port");
  if (reaches(from, to)) return pass(walk, opening, from === to ? "one network" : "reachable");
  const asked = consult(walk, { state: valueCell(state) });
  if (state === "established") return pass(asked, opening, "belongs to a connection that was allowed");
  return from === to
    ? drop(asked, opening, "isolated", isolatedFault(to))
    : between(asked, opening, from, to);
};

/** By the network's name, or by that of its bridge. */
function reaches(from: SceneNetwork, to: SceneNetwork): boolean {
  const { isolated, reachable = [] } = to.switch;
  if (from === to) return isolated !== true;
  return reachable === true || reachable.includes(from.name) || reachable.includes(from.switch.name);
}

function between(walk: Walk, opening: Opening, from: SceneNetwork, to: SceneNetwork): Passage {
  return drop(walk, opening, "not reachable", {
    reason: "network-isolated",
    by: `network ${to.name} is not reachable from network ${from.name}`,
    remedy: `Set "reachable": ["${from.name}"] on network ${to.name}, or publish the port that is wanted.`,
  });
}
