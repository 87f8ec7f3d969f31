/** Arrows between switches whose containers may open connections to each other, in lanes left of the switches. */
import type { GraphEdge } from "../graph.ts";
import { path, type Shape } from "./shape.ts";

/** More would be a tangle; each switch says it in words anyway. */
const mostArrows = 8;
const laneWidth = 9;
const slotHeight = 10;

export function drawnArrows(edges: readonly GraphEdge[]): readonly GraphEdge[] {
  return edges.length <= mostArrows ? edges : [];
}

/** Room that so many arrows need. */
export const arrowsWidth = (count: number): number => (count === 0 ? 0 : count * laneWidth + 8);

/**
 * @param right left side of the switches
 * @param tops where each switch's arrows may begin and end
 */
export function reachArrows(
  edges: readonly GraphEdge[],
  right: number,
  tops: ReadonlyMap<string, number>,
): readonly Shape[] {
  const used = new Map<string, number>();
  const slot = (id: string): number => {
    const count = used.get(id) ?? 0;
    used.set(id, count + 1);
    return (tops.get(id) ?? 0) + count * slotHeight;
  };
  return edges.map((edge, i) => {
    const [from, to] = [slot(edge.from), slot(edge.to)];
    const lane = right - 14 - i * laneWidth;
    return {
      kind: "line",
      path: path([right, from], [lane, from], [lane, to], [right - 1, to]),
      look: "reaches",
      arrow: true,
    };
  });
}
