/** What hangs on a port: a compartment with its adapter. */
import type { GraphNode } from "../graph.ts";
import { type Block, framed, stack, textBlock } from "./block.ts";
import type { Lookup } from "./lookup.ts";
import { markBlock } from "./marks.ts";
import { fonts, shorten } from "./text-width.ts";

/** Longest name, in characters. */
const longestName = 24;

export function stationBlock(adapter: GraphNode | undefined, lookup: Lookup, detail: boolean): Block {
  const station = adapter?.parent === undefined ? undefined : lookup.node(adapter.parent);
  const name = station?.name ?? "";
  const lines = (adapter?.lines ?? []).filter((line) => detail || line.detail !== true);
  const texts = [
    textBlock(shorten(name, longestName), fonts.strong),
    ...(detail && adapter !== undefined ? [textBlock(shorten(adapter.name, longestName), fonts.plain)] : []),
    ...lines.map((line) => textBlock(line.text, fonts.plain, line.detail === true ? "muted" : "")),
    ...otherAdapters(adapter, lookup).map((text) => textBlock(text, fonts.small, "muted")),
  ];
  const about = [station, adapter].flatMap((node) =>
    node === undefined ? [] : [node.name, ...node.lines.map(({ text }) => text)],
  );
  return framed(stack(texts), { look: "station", padding: [5, 8], tip: about.join("\n") });
}

/** The host's own adapter, among the containers. */
export function hostAdapterBlock(adapter: GraphNode): Block {
  const texts = [
    textBlock("Host", fonts.strong),
    textBlock(adapter.name, fonts.plain),
    ...adapter.lines.map(({ text, detail }) => textBlock(text, fonts.plain, detail === true ? "muted" : "")),
    ...adapter.marks.map(markBlock),
  ];
  return framed(stack(texts), {
    look: "host",
    padding: [5, 8],
    tip: `the host's own adapter ${adapter.name}`,
  });
}

/** Another host, or several of them together. */
export function remoteHostBlock({ name, lines, marks }: GraphNode): Block {
  const texts = [
    textBlock(shorten(name, longestName), fonts.strong),
    ...lines
      .filter(({ detail }) => detail !== true)
      .map(({ text }) => textBlock(shorten(text, 40), fonts.plain)),
    ...marks.map(markBlock),
  ];
  const tip = [name, ...lines.map(({ text }) => text)].join("\n");
  return framed(stack(texts), { look: "outside", padding: [5, 8], tip });
}

export const noHostBlock = (): Block =>
  framed(textBlock("no other host", fonts.plain, "muted"), { look: "outside", padding: [5, 8] });

/** A compartment with several adapters is drawn once for each, and each says so. */
function otherAdapters(adapter: GraphNode | undefined, lookup: Lookup): readonly string[] {
  if (adapter?.parent === undefined) return [];
  return lookup
    .partsOf(adapter.parent, "adapter")
    .filter(({ id }) => id !== adapter.id)
    .map((other) => `same container: ${shorten(`${other.name}${whereOf(other, lookup)}`, longestName)}`);
}

function whereOf(adapter: GraphNode, lookup: Lookup): string {
  const { id } = lookup.entryOf(adapter);
  const [plugged] = lookup.to(id, "plugged");
  if (plugged !== undefined) return ` on ${lookup.node(plugged.from)?.name ?? "?"}`;
  const [cable] = lookup.to(id, "cable");
  const port = cable === undefined ? undefined : lookup.node(cable.from);
  const network = port?.parent === undefined ? undefined : lookup.node(port.parent);
  return network === undefined ? "" : ` on ${network.name}`;
}
