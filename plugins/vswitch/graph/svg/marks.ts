/** The small marks on a node, and what they mean. */
import type { GraphMark, MarkKind } from "../graph.ts";
import { type Block, framed, textBlock } from "./block.ts";
import { fonts, shorten } from "./text-width.ts";

/** For the legend, with an example of each. */
export const markMeanings: Readonly<Record<MarkKind, readonly [example: string, meaning: string]>> = {
  guard: ["guard", "sends only from its own MAC and addresses"],
  unguarded: ["no guard", "may send from any address"],
  acl: ["2 ACL, else block", "rules for its packets, and what becomes of the rest"],
  qos: ["↑ rate ↓ rate", "limits from and towards the container"],
  nat: ["NAT ...", "its own rule of address translation towards the outside"],
  warning: ["!", "likely to be in the way: ask vswitch doctor"],
};

/** Longest text of a mark, in characters; the rest is shown when the pointer rests on it. */
const limit = 44;

export function markBlock({ kind, text, explanation }: GraphMark): Block {
  const block = framed(textBlock(shorten(text, limit), fonts.small), {
    look: `mark ${kind}`,
    padding: [0, 5],
    radius: 7,
    tip: `${text}\n${explanation}`,
  });
  // As wide as its text, however much room there is.
  return { ...block, draw: (x, y) => block.draw(x, y) };
}
