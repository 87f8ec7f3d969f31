/**
 * Networks of ours are isolated from each other, and the containers of an isolated one among themselves. A bridge with an
 * uplink is the LAN, and stands between nobody.
 */
import { isBridge } from "../../switch.ts";
import { valueCell } from "../consulted.ts";
import { byNetwork, hostPlace } from "../find.ts";
import { drop, type Layer, type Opening, type Passage, pass, skip } from "../layer.ts";
import { isolatedFault } from "../link.ts";
import { type Side, sideOf } from "../side.ts";
import { consult, type Walk } from "../walk.ts";

export const hostIsolation: Layer = (walk) => {
  const { scene, state, dnat } = walk;
  const from = sideOf(scene, walk.in);
  const to = sideOf(scene, walk.out);
  if (from === undefined || to === undefined) return skip(walk);
  if (isBridge(from.network.switch) || isBridge(to.network.switch)) return skip(walk);
  const opening: Opening = {
    id: "host.isolation",
    where: hostPlace,
    object: "networks that reach each other",
    key: `${wordsOf(from)} -> ${wordsOf(to)}`,
    writer: byNetwork(to.network),
  };
  if (dnat) return pass(walk, opening, "goes to a published port");
  const isOne = from.network === to.network;
  if (reaches(from, to)) return pass(walk, opening, isOne ? "one network" : "reachable");
  const asked = consult(walk, { state: valueCell(state) });
  if (state === "established") return pass(asked, opening, "belongs to a connection that was allowed");
  if (!isOne) return between(asked, opening, from, to);
  return from.remote && to.remote
    ? through(asked, opening, to)
    : drop(asked, opening, "isolated", isolatedFault(to.network));
};

const wordsOf = ({ network, remote }: Side): string =>
  remote ? `other hosts of ${network.name}` : network.name;

/** By the network's name, or by that of its bridge; whoever reaches a network reaches what of it is on this host. */
function reaches(from: Side, to: Side): boolean {
  const { isolated, reachable = [] } = to.network.switch;
  if (from.network === to.network) return isolated !== true && !(from.remote && to.remote);
  if (to.remote) return false;
  if (reachable === true || reachable.includes(from.name)) return true;
  return !from.remote && reachable.includes(from.network.name);
}

function between(walk: Walk, opening: Opening, from: Side, to: Side): Passage {
  const [sender, target] = [from.network.name, to.network.name];
  const value = "not reachable";
  if (to.remote)
    return drop(walk, opening, value, {
      reason: "network-isolated",
      by: `containers of network ${target} on other hosts are not reachable from network ${sender}`,
      remedy: `Attach the sender to network ${target} as well, or publish the port that is wanted on the other host.`,
    });
  return drop(walk, opening, value, {
    reason: "network-isolated",
    by: `network ${target} is not reachable from ${from.remote ? `other hosts of network ${sender}` : `network ${sender}`}`,
    remedy: from.remote
      ? `Publish the port that is wanted, and call it on an address of this host; "reachable": true on network ${target} opens it to all.`
      : `Set "reachable": ["${sender}"] on network ${target}, or publish the port that is wanted.`,
  });
}

/** From one host to another by way of this one. */
function through(walk: Walk, opening: Opening, { network }: Side): Passage {
  return drop(walk, opening, "hosts reach each other directly", {
    reason: "network-isolated",
    by: `hosts of network ${network.name} do not reach each other by way of this one`,
    remedy: "The sender's directory names the wrong host for the address, or this host's does: compare both.",
  });
}
