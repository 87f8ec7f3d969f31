/** Reading a PNG as Chromium writes it (8 bits, RGB or RGBA, not interlaced; https://www.w3.org/TR/png-3/). */
import { inflateSync } from "node:zlib";

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Colour of the first pixel, in six hex digits. */
  readonly first: string;
  /** How many different colours there are. */
  readonly colours: number;
  /** Share of the pixels that have another colour than the first. */
  readonly drawn: number;
}

export function readPng(file: Buffer): Picture {
  const { header, data } = chunksOf(file);
  const [width, height, depth, type] = [header.readUInt32BE(0), header.readUInt32BE(4), header[8], header[9]];
  const channels = type === 6 ? 4 : 3;
  if (depth !== 8 || (type !== 2 && type !== 6) || header[12] !== 0)
    throw new Error(`a PNG of another kind: depth ${depth}, colour type ${type}`);
  const pixels = unfilter(inflateSync(data), width * channels, height, channels);
  return { width, height, ...count(pixels, channels) };
}

function chunksOf(file: Buffer): { readonly header: Buffer; readonly data: Buffer } {
  if (file.subarray(1, 4).toString("latin1") !== "PNG") throw new Error("no PNG");
  const chunks: { readonly type: string; readonly body: Buffer }[] = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const type = file.subarray(at + 4, at + 8).toString("latin1");
    chunks.push({ type, body: file.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  const bodies = (type: string): readonly Buffer[] =>
    chunks.filter((chunk) => chunk.type === type).map(({ body }) => body);
  return { header: Buffer.concat(bodies("IHDR")), data: Buffer.concat(bodies("IDAT")) };
}

/** Each line is stored as the difference to its neighbours, by the method its first byte names. */
function unfilter(data: Buffer, stride: number, height: number, step: number): Uint8Array {
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const method = data[y * (stride + 1)] ?? 0;
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x >= step ? (out[at - step] ?? 0) : 0;
      const up = y > 0 ? (out[at - stride] ?? 0) : 0;
      const corner = x >= step && y > 0 ? (out[at - stride - step] ?? 0) : 0;
      out[at] = (data[at + y + 1] ?? 0) + predicted(method, left, up, corner);
    }
  }
  return out;
}

function predicted(method: number, left: number, up: number, corner: number): number {
  switch (method) {
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4: {
      const guess = left + up - corner;
      const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
      if (a <= b && a <= c) return left;
      return b <= c ? up : corner;
    }
    default:
      return 0;
  }
}

function count(pixels: Uint8Array, channels: number): Pick<Picture, "first" | "colours" | "drawn"> {
  const colourAt = (at: number): number =>
    ((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0);
  const colours = new Set<number>();
  let other = 0;
  for (let at = 0; at < pixels.length; at += channels) {
    colours.add(colourAt(at));
    if (colourAt(at) !== colourAt(0)) other++;
  }
  const first = colourAt(0).toString(16).padStart(6, "0");
  return { first, colours: colours.size, drawn: (other * channels) / pixels.length };
}
