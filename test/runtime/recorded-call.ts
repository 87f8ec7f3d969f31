/** What a runtime gave to an executable, as the recorder wrote it down. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface RecordedCall {
  /** Name of the executable. */
  readonly plugin: string;
  /** The CNI_ variables, in the order of their names. */
  readonly env: Readonly<Record<string, string>>;
  /** Standard input; text when it is no JSON. */
  readonly stdin: unknown;
  readonly exitCode: number;
}

/** Reads the calls recorded so far, in the order of their start. */
export function readRecords(folder: string): readonly RecordedCall[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".exit"));
  return names.toSorted().map((file) => {
    const at = join(folder, file.slice(0, -".exit".length));
    const text = (part: string) => readFileSync(`${at}.${part}`, "utf8");
    return {
      plugin: /^\d+-\d+-(.*)\.exit$/.exec(file)?.[1] ?? "",
      env: cniVariables(text("env")),
      stdin: parsed(text("stdin")),
      exitCode: Number(text("exit")),
    };
  });
}

function cniVariables(text: string): Readonly<Record<string, string>> {
  const variables = text.split("\0").filter((variable) => variable.startsWith("CNI_"));
  return Object.fromEntries(
    variables.toSorted().map((variable) => {
      const at = variable.indexOf("=");
      return [variable.slice(0, at), variable.slice(at + 1)];
    }),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

type Rule = readonly [pattern: RegExp, name: (count: number) => string];

const digits = (count: number, length: number) => `${count}`.padStart(length, "0");
// What differs from one run to the next, and what takes its place.
const rules: readonly Rule[] = [
  [/\b[0-9a-f]{64}\b/g, (count) => digits(count, 2).repeat(32)],
  [
    /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g,
    (count) => `00000000-0000-4000-8000-${digits(count, 12)}`,
  ],
  [/\bveth[0-9a-f]{8}\b/g, (count) => `veth${digits(count, 8)}`],
  [/\b(?!02:00:00:00)(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, (count) => `02:00:00:00:01:${digits(count, 2)}`],
  [/\/proc\/\d+\//g, (count) => `/proc/${100 + count}/`],
  [/\/vst-[0-9]+-[0-9a-z]+-[0-9a-z]+-[a-z]+\b/g, () => "/example"],
];

/** The same value with random identifiers replaced by counted ones, equal ones by equal ones. */
export function withoutChance<T>(value: T): T {
  const text = rules.reduce((so, [pattern, name]) => {
    const names = new Map<string, string>();
    return so.replace(pattern, (found) => {
      const known = names.get(found) ?? name(names.size + 1);
      names.set(found, known);
      return known;
    });
  }, JSON.stringify(value));
  return JSON.parse(text) as T;
}
