/** Moments of a verb's work at which it is killed, by what it tells of when nobody disturbs it. */
import { isCounted, type Moment } from "./killed.ts";
import type { PluginOutcome } from "./plugin.ts";

/** What a verb told of under VSWITCH_TRACE, each with the time since its start. */
export interface Told {
  readonly lines: readonly { readonly ms: number; readonly text: string }[];
  /** When it was done, about: to write that down follows the last line, and to end takes most of the rest. */
  readonly doneMs: number;
}

/** @throws when it told of nothing */
export function toldBy({ stderr, stdout, elapsedMs }: PluginOutcome): Told {
  const found = [...stderr.matchAll(/^ *(\d+\.\d+) (.*)$/gm)].filter(([line]) => isCounted(line));
  const lines = found.map(([, ms, text = ""]) => ({ ms: Number(ms), text }));
  const last = lines.at(-1);
  if (last === undefined) throw new Error(`a call tells of nothing: ${stdout}${stderr}`);
  return { lines, doneMs: last.ms + (elapsedMs - last.ms) * 0.4 };
}

/** How long it takes to see a line and kill, about: so much sooner, for what is done fast, ms. */
const reactionMs = 1;

/**
 * A random moment, as likely in each millisecond.
 *
 * @param first of the lines to kill after; default: any
 * @param last of them; default: until it is done
 * @throws when there is no such line
 */
export function momentIn({ lines, doneMs }: Told, random: () => number, first = /^/, last?: RegExp): Moment {
  const fromMs = lines.find(({ text }) => first.test(text))?.ms;
  const toMs = last === undefined ? doneMs : lines.find(({ text }) => last.test(text))?.ms;
  if (fromMs === undefined || toMs === undefined)
    throw new Error(`${first} or ${last} is not told: ${lines.map(({ text }) => text).join("\n")}`);
  const ms = Math.max(lines[0]?.ms ?? 0, fromMs - reactionMs + random() * (toMs - fromMs));
  const at = lines.findLastIndex((line) => line.ms <= ms);
  return { lines: at + 1, afterMs: ms - (lines[at]?.ms ?? 0) };
}

/** For a failure that is to be seen again. */
export const formatMoment = ({ lines, afterMs }: Moment): string =>
  `killed ${afterMs.toFixed(2)} ms after line ${lines}`;
