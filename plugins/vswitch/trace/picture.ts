/** The parts of the picture of a trace. Pure. */
import { formatFlow } from "../../../lib/model/path/format-flow.ts";
import type { Decision, Place, Stage, Trace, Verdict } from "../../../lib/model/path/trace.ts";
import type { Packet } from "../../../lib/policy/packet.ts";
import { type Block, beside, framed, stack, textBlock } from "../graph/svg/block.ts";
import { fonts, wrap } from "../graph/svg/text-width.ts";
import { endOf, type TraceEnd, type TraceView } from "./view.ts";
import {
  changesBetween,
  consultedWords,
  placeWords,
  shortNames,
  verdictWords,
  writerWords,
} from "./words.ts";

export interface Part {
  readonly block: Block;
  /** The packet that comes to it, where it is another one than before. */
  readonly packet?: string;
}

export interface Picture {
  readonly head: Block;
  readonly parts: readonly Part[];
  readonly end: Block;
  readonly fields: Block;
}

/** Characters on a line. */
const lineLength = 84;
/** Pixels, of a stage's name and of its decision. */
const nameWidth = 160;
const decisionWidth = 56;
const padding = [8, 12] as const;
const minWidth = 640;

export function pictureOf(view: TraceView): Picture {
  const { trace, name, far = [] } = view;
  const title = `${formatFlow(trace.packet)}, from ${shortNames(name)}`;
  const end = endOf(view);
  return {
    head: stack(wrap(title, lineLength).map((line) => textBlock(line, fonts.title))),
    parts: [...partsOf(trace), ...far.flatMap((leg) => partsOf(leg.trace, leg.host))],
    end: endBlock(end),
    fields: fieldsOf(end),
  };
}

/** Looks of the graph's picture, so that both show the same things in the same colours. */
const looks: Readonly<Record<Place["kind"], string>> = {
  guest: "station",
  compartment: "station",
  port: "port",
  switch: "switch",
  tunnel: "border",
  uplink: "border",
  host: "host",
};

/** @param host another one than this */
function partsOf({ stages, packet }: Trace, host?: string): readonly Part[] {
  const parts: Part[] = [];
  let shown = packet;
  let now = packet;
  for (const group of byPlace(stages)) {
    const [first] = group;
    const arrives = now;
    const blocks = group.map((stage) => {
      const block = stageBlock(stage, now);
      now = stage.packet ?? now;
      return block;
    });
    const where = placeWords(first.where);
    const title = textBlock(host === undefined ? where : `${host}: ${where}`, fonts.strong);
    const block = framed(stack([title, ...blocks], 4), {
      look: looks[first.where.kind],
      padding,
      minWidth,
      radius: 6,
    });
    // What comes from another host is told once more.
    const isNew = changesBetween(shown, arrives).length > 0 || (host !== undefined && parts.length === 0);
    parts.push({ block, ...(isNew ? { packet: formatFlow(arrives) } : {}) });
    shown = arrives;
  }
  return parts;
}

type Group = readonly [Stage, ...Stage[]];

function byPlace(stages: readonly Stage[]): readonly Group[] {
  const groups: [Stage, ...Stage[]][] = [];
  for (const stage of stages) {
    const last = groups.at(-1);
    const isSame = last !== undefined && placeWords(last[0].where) === placeWords(stage.where);
    if (isSame) last.push(stage);
    else groups.push([stage]);
  }
  return groups;
}

function stageBlock(stage: Stage, before: Packet): Block {
  const { id, decision, value, object, key, writer, packet } = stage;
  const changes = packet === undefined ? [] : changesBetween(before, packet);
  const lines = [...changes, ...wrap(value, lineLength - 12)];
  const row = beside(
    [
      sized(textBlock(id, fonts.plain), nameWidth),
      sized(textBlock(decision, fonts.plain, "muted"), decisionWidth),
      stack(lines.map((line) => textBlock(line, fonts.plain))),
    ],
    10,
  );
  const tip = `${object}: ${key}\nwritten by ${writerWords(writer)}`;
  const look = changes.length > 0 && decision === "rewrite" ? "nat" : decisionLooks[decision];
  return framed(row, { look, padding: [2, 8], tip, minWidth: minWidth - 24 });
}

const decisionLooks: Readonly<Record<Decision, string>> = {
  pass: "border",
  rewrite: "border",
  forward: "border",
  deliver: "guard",
  leave: "guard",
  drop: "warning",
  perhaps: "entrance",
  ask: "entrance",
};

const sized = (block: Block, width: number): Block => ({ ...block, width: Math.max(width, block.width) });

const endLooks: Readonly<Record<Verdict["kind"], string>> = {
  delivered: "guard",
  leaves: "guard",
  dropped: "warning",
  perhaps: "entrance",
  "needs more input": "entrance",
};

function endBlock({ verdict, replies, host }: TraceEnd): Block {
  const { headline, lines } = verdictWords(verdict, host);
  const block = stack([
    ...wrap(headline, lineLength - 8).map((line) => textBlock(line, fonts.title)),
    ...[...lines, ...replies.map((line) => `Answers: ${line}`)]
      .flatMap((line) => wrap(line, lineLength))
      .map((line) => textBlock(line, fonts.plain)),
  ]);
  return framed(block, { look: endLooks[verdict.kind], padding, minWidth, radius: 6 });
}

function fieldsOf({ consulted }: TraceEnd): Block {
  const words = consulted.map(consultedWords).map(([name, value]) => `${name} ${value}`);
  const text = `Fields that mattered: ${words.join("; ") || "none"}`;
  return stack(wrap(text, lineLength + 8).map((line) => textBlock(line, fonts.plain, "muted")));
}
