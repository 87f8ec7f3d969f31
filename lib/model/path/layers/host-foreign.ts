/** What rules of other programs at a hook of the host do. They act beside ours, and ours cannot lift them. */

import type { IpPacket } from "../../../policy/packet.ts";
import type { ForeignHook } from "../../foreign.ts";
import { valueCell } from "../consulted.ts";
import { hostPlace, kernel } from "../find.ts";
import { type ForeignJudgement, judgeForeign } from "../foreign.ts";
import { foreignCells, hasChains } from "../foreign-cells.ts";
import { foreignRemedy } from "../foreign-remedy.ts";
import { formatFlow } from "../format-flow.ts";
import { drop, ipLayer, isIp, type Layer, type Opening, type Passage, pass, skip } from "../layer.ts";
import { look } from "../look.ts";
import type { ConnectionState } from "../trace.ts";
import { consult, type IpWalk, merge, type Walk } from "../walk.ts";
import { hostNatOutput } from "./host-nat-output.ts";
import { hostNatPostrouting } from "./host-nat-postrouting.ts";
import { hostNatPrerouting } from "./host-nat-prerouting.ts";

/** @param nat what translates addresses at the same hook: chains behind it see the packet so */
function foreign(hook: ForeignHook, nat?: Layer): Layer {
  return ipLayer((walk) => {
    if (!hasChains(walk.scene.host.foreign, hook)) return skip(walk);
    const { walk: asked, found } = judge(walk, hook, nat);
    const { by } = found;
    const opening: Opening = {
      id: `host.foreign.${hook}`,
      where: hostPlace,
      object: `rules of other programs at ${hook}`,
      key: `${formatFlow(walk.packet)}${by === undefined ? "" : way(walk)}`,
      writer: by === undefined ? kernel : { kind: "foreign", table: by.table, chain: by.chain },
    };
    return conclude(asked, opening, found);
  });
}

export const foreignPrerouting: Layer = foreign("prerouting", hostNatPrerouting);
export const foreignInput: Layer = foreign("input");
export const foreignForward: Layer = foreign("forward");
export const foreignOutput: Layer = foreign("output", hostNatOutput);
export const foreignPostrouting: Layer = foreign("postrouting", hostNatPostrouting);

const way = ({ in: from, out: to }: Walk): string =>
  `${from === undefined ? "" : ` in ${from}`}${to === undefined ? "" : ` out ${to}`}`;

/** In both states of the connection: where it fares the same in both, the state does not matter. */
function judge(walk: IpWalk, hook: ForeignHook, nat: Layer | undefined) {
  const behind = nat?.(walk).walk;
  const after = behind !== undefined && isIp(behind) ? behind : walk;
  const chains = walk.scene.host.foreign;
  const cells = foreignCells(chains, walk.packet);
  const { state } = walk;
  const other = state === "new" ? "established" : "new";
  const here = look(walk, (packet) => ask(walk, after, hook, packet, state), cells);
  const there = look(here.walk, (packet) => ask(walk, after, hook, packet, other), cells);
  const isIdle = JSON.stringify(here.found) === JSON.stringify(there.found);
  const asked = isIdle ? there.walk : consult(here.walk, { state: valueCell(state) });
  // Whether it is translated was found out by looking at more.
  const known = after.dnat === walk.dnat && after.packet === walk.packet ? asked : merge(asked, after);
  return { walk: known, found: here.found };
}

function ask(walk: IpWalk, after: IpWalk, hook: ForeignHook, packet: IpPacket, state: ConnectionState) {
  const { scene, in: from, out: to } = walk;
  return judgeForeign(scene.host.foreign, hook, {
    packet,
    translated: overlay(packet, walk.packet, after.packet),
    ...(from === undefined ? {} : { in: from }),
    ...(to === undefined ? {} : { out: to }),
    state,
    dnat: after.dnat,
  });
}

/** The packet with what is changed between two; anything else is still read from the packet itself. */
function overlay(packet: IpPacket, before: IpPacket, after: IpPacket): IpPacket {
  const changed = Object.entries(after).filter(([name, value]) => Reflect.get(before, name) !== value);
  return Object.assign(Object.create(packet), Object.fromEntries(changed)) as IpPacket;
}

function conclude(walk: IpWalk, opening: Opening, { verdict, by, policy }: ForeignJudgement): Passage {
  if (verdict === "accept" || by === undefined) return pass(walk, opening, "none drops it");
  const where = `${by.table} ${by.chain}`;
  const text = by.rule === undefined ? `policy of ${where}` : `${where}: ${by.rule}`;
  if (verdict === "perhaps")
    return pass({ ...walk, doubts: [...walk.doubts, text] }, opening, text, "perhaps");
  return drop(walk, opening, text, {
    reason: policy === true ? "foreign-policy" : "foreign",
    by: policy === true ? `${text}, which is drop` : text,
    remedy: foreignRemedy(walk, by),
  });
}
