/**
 * How wide a text will be, without its font: a picture is made where nobody sees it.
 *
 * All that comes from the host is set in a monospaced font. Of those that browsers take for `monospace` the widest
 * (SF Mono) needs 0.62 of its size for each character; full-width ones (East Asian) need up to twice as much.
 */
export interface Font {
  readonly name: "title" | "strong" | "plain" | "small";
  /** Pixels. */
  readonly size: number;
  readonly lineHeight: number;
}

export const fonts = {
  title: { name: "title", size: 15, lineHeight: 21 },
  strong: { name: "strong", size: 12, lineHeight: 17 },
  plain: { name: "plain", size: 11, lineHeight: 16 },
  small: { name: "small", size: 10, lineHeight: 14 },
} as const satisfies Record<string, Font>;

const ADVANCE = 0.62;
/** From here on (Hangul Jamo) characters may be full-width. */
const FIRST_WIDE = 0x1100;
/** Arrows, dashes and the like, which are as narrow as letters. */
const PUNCTUATION = { first: 0x2000, last: 0x22ff } as const;

/** Cells of a monospaced font. */
export function cells(text: string): number {
  let count = 0;
  for (const character of text) count += isWide(character.codePointAt(0) ?? 0) ? 2 : 1;
  return count;
}

const isWide = (code: number): boolean =>
  code >= FIRST_WIDE && !(PUNCTUATION.first <= code && code <= PUNCTUATION.last);

export function textWidth(text: string, font: Font): number {
  return Math.ceil(cells(text) * font.size * ADVANCE);
}

/** Cut in the middle, since names often differ at their ends. */
export function shorten(text: string, limit: number): string {
  if (cells(text) <= limit) return text;
  const characters = [...text];
  const room = limit - 1;
  const take = (from: readonly string[], space: number): string[] => {
    const taken: string[] = [];
    for (let used = 0; taken.length < from.length; ) {
      const next = from[taken.length] ?? "";
      used += cells(next);
      if (used > space) break;
      taken.push(next);
    }
    return taken;
  };
  const end = take(characters.toReversed(), Math.floor(room / 2)).toReversed();
  const start = take(characters, room - cells(end.join("")));
  return `${start.join("")}…${end.join("")}`;
}

/** Broken at blanks; a longer word is shortened. */
export function wrap(text: string, limit: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && cells(last) + 1 + cells(word) <= limit)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(shorten(word, limit));
  }
  return lines;
}
