/** Judges what a call gave: exit code, channels, result or error. */
import type { PluginOutcome } from "../system/plugin.ts";
import type { Key, Verb } from "./call.ts";
import { isObject, type JsonObject } from "./json.ts";
import { schemaTrouble } from "./result-schema.ts";
import { fail, must } from "./scenario.ts";
import type { Target } from "./target.ts";

/** Which codes are right: numbers, or "own" for the plugin's own, from 100 on. 999 means "unknown" and is never right. */
export type Codes = readonly (number | "own")[];

export interface ErrorExpectation {
  readonly codes: Codes;
  /** Each must be found in `msg` or `details`. */
  readonly names?: readonly string[];
  /** At least one must be found. */
  readonly anyName?: readonly string[];
}

/** A plugin's JSON on one line. */
export function flat(text: string): string {
  return text.replace(/\s*\n\s*/g, " ").trim();
}

/** The call in short, for messages. */
export function shown(outcome: PluginOutcome): string {
  const cut = (text: string) =>
    text.length > 600 ? `${flat(text.slice(0, 600))}…` : text === "" ? "empty" : flat(text);
  const end = outcome.timedOut
    ? "killed after its time was up"
    : `exit ${outcome.exitCode ?? outcome.signal}`;
  return `${end}, stdout ${cut(outcome.stdout)}, stderr ${cut(outcome.stderr)}`;
}

/** The call must exit 0 with one JSON object: a result of the asked version. @throws Seen */
export function expectResult(outcome: PluginOutcome, key: Key): JsonObject {
  must(outcome.exitCode === 0, `ADD: ${shown(outcome)}`);
  must(!outcome.pipesHeld, "ADD left a process that holds its standard output open");
  const result =
    oneObject(outcome.stdout) ?? fail(`ADD: standard output is not one JSON object: ${shown(outcome)}`);
  const trouble = schemaTrouble(result, key.version, key.netns);
  must(
    trouble.length === 0,
    `the result for ${key.version} is wrong: ${trouble.join("; ")}: ${flat(outcome.stdout)}`,
  );
  return result;
}

/** The call must exit 0 and print nothing on standard output. @throws Seen */
export function expectSilent(verb: Verb, outcome: PluginOutcome): void {
  must(outcome.exitCode === 0, `${verb}: ${shown(outcome)}`);
  must(outcome.stdout.trim() === "", `${verb} succeeded but printed: ${shown(outcome)}`);
  must(!outcome.pipesHeld, `${verb} left a process that holds its standard output open`);
}

/** The call must fail with one well-formed error object on standard output. @throws Seen */
export function expectError(target: Target, outcome: PluginOutcome, wanted: ErrorExpectation): JsonObject {
  must(outcome.exitCode !== 0, `an error was due: ${shown(outcome)}`);
  const error = oneObject(outcome.stdout) ?? fail(`no error object on standard output: ${shown(outcome)}`);
  const { code, msg, details, cniVersion } = error;
  must(
    Number.isInteger(code) && Number(code) >= 0,
    `the error's code is no natural number: ${flat(outcome.stdout)}`,
  );
  must(typeof msg === "string" && msg.trim() !== "", `the error has no msg: ${flat(outcome.stdout)}`);
  must(
    details === undefined || typeof details === "string",
    `the error's details are no text: ${flat(outcome.stdout)}`,
  );
  must(
    cniVersion === undefined || typeof cniVersion === "string",
    `cniVersion is no text: ${flat(outcome.stdout)}`,
  );
  const text = `${msg} ${details ?? ""}`;
  must(!/goroutine \d|panic:|^\s+at .*:\d+:\d+/m.test(text), `a stack trace: ${flat(outcome.stdout)}`);
  const right = isRight(Number(code), wanted.codes) || target.acceptCodes?.includes(Number(code)) === true;
  must(right, `code ${String(code)}, expected ${codesText(wanted.codes)}: ${text.trim()}`);
  for (const name of wanted.names ?? [])
    must(text.includes(name), `the error does not name ${name}: ${text.trim()}`);
  if (wanted.anyName !== undefined) {
    const named = wanted.anyName.some((name) => text.includes(name));
    must(named, `the error names none of ${wanted.anyName.join(", ")}: ${text.trim()}`);
  }
  return error;
}

function isRight(code: number, codes: Codes): boolean {
  return codes.some((wanted) => (wanted === "own" ? code >= 100 && code !== 999 : code === wanted));
}

function codesText(codes: Codes): string {
  return codes
    .map((code) => (code === "own" ? "one of the plugin's own (100 and more, not 999)" : code))
    .join(" or ");
}

/** Exactly one JSON object, or undefined. */
export function oneObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
