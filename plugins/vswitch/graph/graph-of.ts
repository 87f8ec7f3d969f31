/** A scene as a picture, without a thought of how it is drawn. */
import { ipFamily, ipNumber } from "../../../lib/addr/ip.ts";
import { prefixAddress } from "../../../lib/addr/prefix.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import type { Scene, SceneNetwork } from "../../../lib/model/scene.ts";
import { isExternal } from "../../../lib/model/switch.ts";
import type { Graph } from "./graph.ts";
import { switchId } from "./kinds/switch.ts";
import { kinds } from "./kinds.ts";

/** The same scene gives the same picture, in whatever order its parts are given. */
export function graphOf(scene: Scene): Graph {
  const ordered = inOrder(scene);
  const parts = Object.values(kinds).map((kind) => kind.part(ordered));
  return { nodes: parts.flatMap(({ nodes }) => nodes), edges: parts.flatMap(({ edges }) => edges) };
}

/** The part of a scene that concerns these networks. */
export function onlyNetworks(scene: Scene, names: readonly string[]): Scene {
  return {
    ...scene,
    networks: scene.networks.filter(({ name }) => names.includes(name)),
    endpoints: scene.endpoints.filter(({ owner }) => names.includes(owner.network)),
  };
}

/** Networks by name; attachments by network, then as their addresses count up. */
function inOrder(scene: Scene): Scene {
  const networks = withUnlisted(scene).toSorted(
    (a, b) => compare(uplinkOf(b), uplinkOf(a)) || compare(a.name, b.name),
  );
  const sorted = scene.endpoints
    .map((plan) => ({ plan, place: placeOf(plan) }))
    .toSorted(
      (a, b) =>
        compare(a.plan.owner.network, b.plan.owner.network) ||
        compare(a.place, b.place) ||
        compare(a.plan.key, b.plan.key),
    );
  return { ...scene, networks, endpoints: sorted.map(({ plan }) => plan) };
}

/** An attachment outlives the definition of its network when somebody removes that by hand. */
function withUnlisted({ networks, endpoints }: Scene): readonly SceneNetwork[] {
  const listed = new Set(networks.map((network) => switchId(network.switch)));
  const lacking = new Map(
    endpoints.flatMap(({ owner, switch: one }) =>
      listed.has(switchId(one))
        ? []
        : [[switchId(one), { name: owner.network, kind: "undefined", switch: one }]],
    ),
  );
  return [...networks, ...lacking.values()];
}

/** Those that the host routes for come first, and those of the first uplink last: so wires cross least in a picture. */
const uplinkOf = ({ switch: one }: SceneNetwork): string => (isExternal(one) ? one.uplink : "\uffff");

function compare<T extends string | bigint>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** IPv4 before IPv6, by number. */
function placeOf({ vnic }: Plan): bigint {
  const [address] = vnic.addresses.map(prefixAddress);
  if (address === undefined) return -1n;
  return ipFamily(address) === 4 ? ipNumber(address) : (1n << 128n) | ipNumber(address);
}
