/** Asking the rules of other programs about a packet on its walk, and noting what they looked at. */
import type { IpPacket } from "../../policy/packet.ts";
import { valueCell } from "./consulted.ts";
import { kernel } from "./find.ts";
import { type ForeignJudgement, judgeForeign } from "./foreign.ts";
import { foreignCells, hasChains } from "./foreign-cells.ts";
import { type ForeignPlace, foreignRemedy } from "./foreign-remedy.ts";
import { formatFlow } from "./format-flow.ts";
import { drop, type Opening, type Passage, pass, skip } from "./layer.ts";
import { look } from "./look.ts";
import type { ConnectionState } from "./trace.ts";
import { consult, type IpWalk, merge } from "./walk.ts";

/** Interfaces as the hook sees them. */
export interface ForeignQuestion extends Pick<Opening, "id" | "where">, ForeignPlace {
  /** The walk behind what translates addresses at the same hook: chains behind it see the packet so. */
  readonly after?: IpWalk;
  /** At the bridge's own hooks. */
  readonly bridged?: true;
  /** No connection is known of it, whatever that of the packet inside is. */
  readonly untracked?: true;
}

export function askForeign(walk: IpWalk, question: ForeignQuestion): Passage {
  const { hook, bridged, id, where } = question;
  if (!hasChains(walk.scene.host.foreign, hook, bridged === true)) return skip(walk);
  const { walk: asked, found } = judge(walk, question);
  const { by } = found;
  const opening: Opening = {
    id,
    where,
    object: `rules of other programs at ${hook}`,
    key: `${formatFlow(walk.packet)}${by === undefined ? "" : links(question)}`,
    writer: by === undefined ? kernel : { kind: "foreign", table: by.table, chain: by.chain },
  };
  return conclude(asked, opening, found, question);
}

const links = ({ in: from, out: to }: ForeignQuestion): string =>
  `${from === undefined ? "" : ` in ${from}`}${to === undefined ? "" : ` out ${to}`}`;

/** In both states of the connection: where it fares the same in both, the state does not matter. */
function judge(walk: IpWalk, question: ForeignQuestion) {
  const { scene, packet } = walk;
  const state = question.untracked ? "untracked" : walk.state;
  const cells = foreignCells(scene.host.foreign, packet);
  const other = { new: "established", established: "new", untracked: "untracked" } as const;
  const here = look(walk, (one) => ask(walk, question, one, state), cells);
  const there = look(here.walk, (one) => ask(walk, question, one, other[state]), cells);
  const isIdle = JSON.stringify(here.found) === JSON.stringify(there.found);
  const asked = isIdle ? there.walk : consult(here.walk, { state: valueCell(state) });
  // Whether it is translated was found out by looking at more; where it goes on, the next layer notes that.
  const { after } = question;
  const isEnd = here.found.verdict === "drop" && after !== undefined;
  return { walk: isEnd ? merge(asked, after) : asked, found: here.found };
}

function ask(
  walk: IpWalk,
  question: ForeignQuestion,
  packet: IpPacket,
  state: ConnectionState | "untracked",
) {
  const { hook, in: from, out: to, after = walk, bridged } = question;
  return judgeForeign(walk.scene.host.foreign, hook, {
    packet,
    translated: overlay(packet, walk.packet, after.packet),
    ...(from === undefined ? {} : { in: from }),
    ...(to === undefined ? {} : { out: to }),
    ...(bridged === undefined ? {} : { bridged }),
    state,
    dnat: after.dnat,
  });
}

/** The packet with what is changed between two; anything else is still read from the packet itself. */
function overlay(packet: IpPacket, before: IpPacket, after: IpPacket): IpPacket {
  const changed = Object.entries(after).filter(([name, value]) => Reflect.get(before, name) !== value);
  return Object.assign(Object.create(packet), Object.fromEntries(changed)) as IpPacket;
}

function conclude(
  walk: IpWalk,
  opening: Opening,
  { verdict, by, policy }: ForeignJudgement,
  place: ForeignPlace,
): Passage {
  if (verdict === "accept" || by === undefined) return pass(walk, opening, "none drops it");
  const where = `${by.table} ${by.chain}`;
  const text = by.rule === undefined ? `policy of ${where}` : `${where}: ${by.rule}`;
  if (verdict === "perhaps")
    return pass({ ...walk, doubts: [...walk.doubts, text] }, opening, text, "perhaps");
  return drop(walk, opening, text, {
    reason: policy === true ? "foreign-policy" : "foreign",
    by: policy === true ? `${text}, which is drop` : text,
    remedy: foreignRemedy(walk.scene, by, place),
  });
}
