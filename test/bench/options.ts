/** The command line of the bench. */
import { parseArgs } from "node:util";

export interface Options {
  readonly rounds: number;
  /** Names of rows or families; none means all. */
  readonly only: readonly string[];
  readonly quick: boolean;
  /** Containers a host has before one more comes and goes. */
  readonly residents: number;
  /** Default dist/bench.json. */
  readonly json: string | undefined;
  /** Also print the traced calls. */
  readonly profile: boolean;
  readonly help: boolean;
}

/** @param names what `--only` takes */
export function helpText(names: readonly string[]): string {
  return `Measures the built executables and Debian's reference plugins side by side.

  --rounds N    rounds of the short rows (default 20); long ones take fewer
  --only NAME   only this row or family (may be repeated): ${names.join(", ")}
  --quick       fewer ports where the reference takes a minute; that row is then not judged
  --residents N containers a host has already in the rows with one ADD (default 1; the reference slows down with each)
  --profile     also print one ADD and one DEL message by message (they are in the JSON in any case)
  --json FILE   where the figures go (default dist/bench.json)

Exit code: 0 when all was measured, 1 when something could not be, 2 when nothing could. A missed goal is no failure.`;
}

/** The options, or what is wrong with the command line. */
export function parseOptions(words: readonly string[], names: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        residents: { type: "string", default: "1" },
        rounds: { type: "string", default: "20" },
        only: { type: "string", multiple: true, default: [] },
        quick: { type: "boolean", default: false },
        profile: { type: "boolean", default: false },
        json: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    const only = values.only.flatMap((list) => list.split(","));
    const stranger = only.find((name) => !names.includes(name));
    if (stranger !== undefined) return `there is no row ${stranger}`;
    for (const name of ["rounds", "residents"] as const) {
      if (!/^[1-9]\d*$/.test(values[name])) return `--${name} ${values[name]}: a number from 1 on is needed`;
    }
    return {
      ...values,
      only,
      json: values.json,
      rounds: Number(values.rounds),
      residents: Number(values.residents),
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
