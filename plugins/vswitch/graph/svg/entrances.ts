/** The ports of the host that lead to an adapter, above its switch. */
import type { GraphNode } from "../graph.ts";
import { type Block, framed, textBlock } from "./block.ts";
import type { Lookup } from "./lookup.ts";
import { fonts } from "./text-width.ts";

/** @param most so many are drawn; of more than these the last one says how many they are */
export function entranceBlocks(adapter: GraphNode, lookup: Lookup, most: number): readonly Block[] {
  const texts = lookup.to(adapter.id, "publishes").map(({ from, label = "" }) => {
    return `host ${lookup.node(from)?.name ?? from} → ${label}`;
  });
  if (texts.length <= most) return texts.map((text) => chip(text));
  const rest = texts.slice(most - 1);
  return [
    ...texts.slice(0, most - 1).map((text) => chip(text)),
    chip(`and ${rest.length} more host ports`, rest.join("\n")),
  ];
}

function chip(text: string, tip = text): Block {
  return framed(textBlock(text, fonts.small), { look: "entrance", padding: [1, 6], radius: 3, tip });
}
