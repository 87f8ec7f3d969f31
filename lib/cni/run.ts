/** One call of a plugin as a function: environment and stdin in, what to print and the exit code out. */
import { type Environment, envValue } from "./environment.ts";
import { formatError } from "./error-json.ts";
import { formatResult } from "./format-result.ts";
import type { JsonObject } from "./read.ts";
import {
  type AddRequest,
  type CheckRequest,
  type CniRequest,
  type DelRequest,
  type GcRequest,
  parseRequest,
  peekVersion,
  type StatusRequest,
  toDelRequest,
} from "./request.ts";
import type { Result } from "./result.ts";
import { redact, secretsOf } from "./secret.ts";
import { supportedVersions } from "./version.ts";

/** The way to stderr. */
export interface Log {
  /** One line of our own. */
  warn(text: string): void;
  /** Text of a delegate, passed on as it is. */
  pass(text: string): void;
}

/** Work that takes more than this process: it waits for others. */
export type Later = (log: Log) => Promise<void>;

/** What a plugin does. A verb that is not given succeeds without doing anything. */
export interface Verbs {
  add(request: AddRequest, log: Log): Result;
  /** @returns what may follow when it is done: should that fail, it is DEL all the same */
  del(request: DelRequest, log: Log): Later | undefined;
  check(request: CheckRequest, log: Log): void;
  gc?(request: GcRequest, log: Log): void;
  status?(request: StatusRequest, log: Log): void;
  /**
   * @param error of an ADD that left nothing behind
   * @returns what may let the same ADD succeed; what it throws is the outcome then
   */
  remedy?(error: unknown, request: AddRequest): Later | undefined;
}

export interface About {
  /** The plugin's name, as in `type`. */
  readonly type: string;
  /** The plugin's own version, without "v". */
  readonly version: string;
}

export interface RunInput {
  readonly env: Environment;
  /** A function is called once, and only when there is a verb. */
  readonly stdin: string | Uint8Array | (() => string | Uint8Array);
  readonly verbs: Verbs;
  readonly about: About;
  /** Between the folders of CNI_PATH; ":" unless told. */
  readonly pathSeparator?: string;
}

export interface Outcome {
  /** One JSON document, or nothing after a successful DEL, CHECK, GC or STATUS. */
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: 0 | 1;
  /** What may let the same call succeed: then it is the outcome of calling it again that counts. */
  readonly remedy?: Later;
  /** What is to be done before the process ends. */
  readonly followUp?: Later;
}

/** Never throws: every failure is an outcome. CNI 1.1 "Section 2: Execution Protocol". */
export function run(input: RunInput): Outcome {
  const { env, about } = input;
  const lines: string[] = [];
  if (envValue(env, "CNI_COMMAND") === undefined) {
    return { stdout: "", stderr: aboutText(about), exitCode: 0 };
  }
  const log: Log = {
    warn: (text) => lines.push(`${about.type}: ${text}\n`),
    pass: (text) => lines.push(text),
  };
  let stdin: string | Uint8Array = "";
  let request: CniRequest | undefined;
  try {
    stdin = typeof input.stdin === "function" ? readSource(input.stdin, env) : input.stdin;
    request = parseRequest(env, stdin, input.pathSeparator);
    const answer = runVerb(request, input.verbs, log);
    const stderr = lines.length === 0 ? "" : hider(stdin)(lines.join(""));
    if (typeof answer === "function") return { stdout: "", stderr, exitCode: 0, followUp: answer };
    return { stdout: answer === undefined ? "" : `${JSON.stringify(answer)}\n`, stderr, exitCode: 0 };
  } catch (error) {
    const remedy = request?.verb === "ADD" ? input.verbs.remedy?.(error, request) : undefined;
    const hide = hider(stdin);
    const json = formatError(error, peekVersion(stdin), hide);
    log.warn(`${env.CNI_COMMAND} failed: ${json.msg}`);
    const outcome = {
      stdout: `${JSON.stringify(json)}\n`,
      stderr: hide(lines.join("")),
      exitCode: 1,
    } as const;
    return remedy === undefined ? outcome : { ...outcome, remedy };
  }
}

/** VERSION needs no configuration, so it answers even when stdin cannot be read. */
function readSource(read: () => string | Uint8Array, env: Environment): string | Uint8Array {
  try {
    return read();
  } catch (error) {
    if (env.CNI_COMMAND === "VERSION") return "";
    throw error;
  }
}

/** @returns what to print, if anything; or what follows */
function runVerb(request: CniRequest, verbs: Verbs, log: Log): JsonObject | Later | undefined {
  if (request.verb === "VERSION") return { cniVersion: request.cniVersion, supportedVersions };
  for (const warning of request.warnings) log.warn(warning);
  switch (request.verb) {
    case "ADD":
      return runAdd(request, verbs, log);
    case "DEL":
      return verbs.del(request, log);
    case "CHECK":
      verbs.check(request, log);
      return undefined;
    case "GC":
      verbs.gc?.(request, log);
      return undefined;
    case "STATUS":
      verbs.status?.(request, log);
      return undefined;
  }
}

/** A result that the asked version cannot express is a failed ADD, and a failed ADD leaves nothing behind. */
function runAdd(request: AddRequest, verbs: Verbs, log: Log): JsonObject {
  const result = verbs.add(request, log);
  try {
    return formatResult(result, request.config.cniVersion);
  } catch (error) {
    undo(request, verbs, log);
    throw error;
  }
}

function undo(request: AddRequest, verbs: Verbs, log: Log): void {
  try {
    verbs.del(toDelRequest(request), log);
  } catch (error) {
    log.warn(`undoing ADD failed: ${formatError(error, request.config.cniVersion).msg}`);
  }
}

function aboutText(about: About): string {
  const versions = supportedVersions.join(", ");
  return `CNI ${about.type} plugin v${about.version}\nCNI protocol versions supported: ${versions}\n`;
}

/** Takes the secrets of the configuration out of a text. */
function hider(stdin: string | Uint8Array): (text: string) => string {
  let secrets: readonly string[] = [];
  try {
    secrets = secretsOf(JSON.parse(typeof stdin === "string" ? stdin : new TextDecoder().decode(stdin)));
  } catch {
    // What cannot be decoded was not quoted either.
  }
  return (text) => redact(text, secrets);
}
