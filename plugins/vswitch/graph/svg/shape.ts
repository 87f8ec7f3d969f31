/** What a picture is made of. Looks are classes of `style.ts`, coordinates are pixels. */
export type Shape =
  | {
      readonly kind: "rect";
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
      readonly look: string;
      readonly radius?: number;
    }
  | {
      readonly kind: "text";
      /** Of its beginning, on the base line. */
      readonly x: number;
      readonly y: number;
      readonly look: string;
      readonly text: string;
    }
  | { readonly kind: "line"; readonly path: string; readonly look: string; readonly arrow?: true }
  /** What belongs together, with what is shown when the pointer rests on it. */
  | {
      readonly kind: "group";
      readonly look: string;
      readonly tip?: string;
      readonly shapes: readonly Shape[];
    };

export type Point = readonly [x: number, y: number];

/** Straight lines from point to point. */
export function path(...points: readonly Point[]): string {
  return points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${round(x)} ${round(y)}`).join(" ");
}

/** A tenth of a pixel is finer than anybody sees. */
export const round = (value: number): number => Math.round(value * 10) / 10;
