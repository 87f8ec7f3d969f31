/** Blocks: parts of a picture that know their size, and are drawn wherever they are put. */
import type { Shape } from "./shape.ts";
import { type Font, textWidth } from "./text-width.ts";

export interface Block {
  readonly width: number;
  readonly height: number;
  /** @param width how much room it has across, at least its own */
  draw(x: number, y: number, width?: number): readonly Shape[];
}

export interface FrameOptions {
  readonly look: string;
  readonly padding: readonly [vertical: number, horizontal: number];
  readonly tip?: string;
  readonly radius?: number;
  readonly minWidth?: number;
  readonly minHeight?: number;
}

/** @param look beside the font's */
export function textBlock(text: string, font: Font, look = ""): Block {
  return {
    width: textWidth(text, font),
    height: font.lineHeight,
    draw: (x, y) => [
      {
        kind: "text",
        x,
        // Letters stand on a line a quarter above the end of theirs.
        y: y + font.lineHeight * 0.5 + font.size * 0.36,
        look: `${font.name} ${look}`.trim(),
        text,
      },
    ],
  };
}

/** One below the other, each as wide as there is room. */
export function stack(blocks: readonly Block[], gap = 0): Block {
  const heights = blocks.map(({ height }) => height);
  return {
    width: Math.max(0, ...blocks.map(({ width }) => width)),
    height: sum(heights) + gap * Math.max(0, blocks.length - 1),
    draw: (x, y, width) =>
      blocks.flatMap((block, i) => block.draw(x, y + sum(heights.slice(0, i)) + gap * i, width)),
  };
}

/** Side by side, in as many rows as `width` makes of them. */
export function flow(blocks: readonly Block[], width: number, gap: number): Block {
  const rows: Block[][] = [];
  let used = 0;
  for (const block of blocks) {
    const row = rows.at(-1);
    if (row !== undefined && used + gap + block.width <= width) {
      row.push(block);
      used += gap + block.width;
    } else {
      rows.push([block]);
      used = block.width;
    }
  }
  return stack(
    rows.map((row) => beside(row, gap)),
    gap,
  );
}

/** Side by side, tops at the same height. */
export function beside(blocks: readonly Block[], gap: number): Block {
  const widths = blocks.map(({ width }) => width);
  return {
    width: sum(widths) + gap * Math.max(0, blocks.length - 1),
    height: Math.max(0, ...blocks.map(({ height }) => height)),
    draw: (x, y) => blocks.flatMap((block, i) => block.draw(x + sum(widths.slice(0, i)) + gap * i, y)),
  };
}

/** A block in a box of its own. */
export function framed(block: Block, options: FrameOptions): Block {
  const { look, padding, tip, radius = 4, minWidth = 0, minHeight = 0 } = options;
  const [vertical, horizontal] = padding;
  const own = Math.max(minWidth, block.width + 2 * horizontal);
  const height = Math.max(minHeight, block.height + 2 * vertical);
  return {
    width: own,
    height,
    draw(x, y, width = own) {
      const inner = block.draw(x + horizontal, y + vertical, width - 2 * horizontal);
      const rect: Shape = { kind: "rect", x, y, width, height, look: "frame", radius };
      return [{ kind: "group", look, ...(tip === undefined ? {} : { tip }), shapes: [rect, ...inner] }];
    },
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
