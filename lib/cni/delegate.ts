/** Delegation to another plugin, as a rule the IPAM (CNI 1.1 "Section 4: Plugin Delegation"). */
import type { Environment } from "./environment.ts";
import { CniError, errorCode } from "./error.ts";
import { type Execution, execute } from "./execute.ts";
import { type Delegate, findDelegate } from "./find-delegate.ts";
import { decodeText, parseJsonObject } from "./json.ts";
import { parseResult } from "./parse-result.ts";
import type { JsonObject } from "./read.ts";
import {
  type AddRequest,
  type CheckRequest,
  type DelRequest,
  type GcRequest,
  type StatusRequest,
  toDelRequest,
} from "./request.ts";
import type { Result } from "./result.ts";
import type { Log } from "./run.ts";

type DelegableRequest = AddRequest | DelRequest | CheckRequest | GcRequest | StatusRequest;

export interface DelegateContext {
  readonly log: Log;
  /** How long a call may take; 90 s unless told, below the 2 minutes of the kubelet. */
  readonly timeoutMs?: number;
}

/**
 * When it fails, the delegate's DEL is called once, so that nothing of it is left.
 *
 * @throws {CniError} the delegate's own error, or one that says what was wrong with it or its answer
 */
export function delegateAdd(type: string, request: AddRequest, context: DelegateContext): Result {
  const delegate = findDelegate(type, request.path);
  try {
    const { stdout } = call(delegate, request, context);
    const what = `the result of ${type}`;
    return parseResult(parseJsonObject(decodeText(stdout, what), what), request.config.cniVersion, what);
  } catch (error) {
    if (!(error instanceof CniError && error.reason === "delegate-not-started"))
      undo(delegate, request, context);
    throw error;
  }
}

function undo(delegate: Delegate, request: AddRequest, context: DelegateContext): void {
  try {
    call(delegate, toDelRequest(request), context);
  } catch (error) {
    context.log.warn(`DEL of ${delegate.type} after its failed ADD: ${messageOf(error)}`);
  }
}

/** @throws {CniError} as `delegateAdd` */
export function delegateDel(type: string, request: DelRequest, context: DelegateContext): void {
  call(findDelegate(type, request.path), request, context);
}

/** @throws {CniError} as `delegateAdd` */
export function delegateCheck(type: string, request: CheckRequest, context: DelegateContext): void {
  call(findDelegate(type, request.path), request, context);
}

/**
 * A delegate of an older specification has no GC; that is no failure.
 *
 * @throws {CniError} as `delegateAdd`
 */
export function delegateGc(type: string, request: GcRequest, context: DelegateContext): void {
  callSince11(findDelegate(type, request.path), request, context);
}

/**
 * A delegate of an older specification has no STATUS; its state counts as good.
 *
 * @throws {CniError} the delegate's own error, 50 when the delegate is not there
 */
export function delegateStatus(type: string, request: StatusRequest, context: DelegateContext): void {
  callSince11(findForStatus(type, request.path), request, context);
}

function findForStatus(type: string, path: readonly string[]): Delegate {
  try {
    return findDelegate(type, path);
  } catch (error) {
    if (!(error instanceof CniError && error.reason === "delegate-not-found")) throw error;
    const { message, reason, details } = error;
    throw new CniError(errorCode.notAvailable, message, {
      reason,
      cause: error,
      ...(details && { details }),
    });
  }
}

function callSince11(delegate: Delegate, request: GcRequest | StatusRequest, context: DelegateContext): void {
  try {
    call(delegate, request, context);
  } catch (error) {
    const versions = versionsOf(delegate, request, context);
    if (versions === undefined ? !isRefusal(error) : versions.includes("1.1.0")) throw error;
    context.log.warn(`${delegate.type} is older than CNI 1.1 and has no ${request.verb}`);
  }
}

/** What a plugin answers to a verb or version it does not know. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof CniError)) return false;
  return error.code === errorCode.incompatibleVersion || error.code === errorCode.invalidEnvironment;
}

/** Asked only after a failure. @returns undefined when the delegate cannot say */
function versionsOf(
  delegate: Delegate,
  request: DelegableRequest,
  context: DelegateContext,
): readonly unknown[] | undefined {
  const env: Environment = { ...request.env, CNI_COMMAND: "VERSION" };
  const stdin = JSON.stringify({ cniVersion: request.config.cniVersion });
  try {
    const { stdout, exitCode } = execute(delegate.file, env, stdin, timeoutOf(context));
    if (exitCode !== 0) return undefined;
    const { supportedVersions } = parseJsonObject(decodeText(stdout, "VERSION"), "VERSION");
    return Array.isArray(supportedVersions) ? supportedVersions : undefined;
  } catch {
    return undefined;
  }
}

const timeoutOf = (context: DelegateContext): number => context.timeoutMs ?? 90_000;

/** Same environment but for the verb of a clean-up, stdin as it was received, stderr passed on. */
function call(delegate: Delegate, request: DelegableRequest, context: DelegateContext): Execution {
  const execution = execute(delegate.file, request.env, request.stdin, timeoutOf(context));
  if (execution.stderr !== "") context.log.pass(execution.stderr);
  if (execution.exitCode === 0) return execution;
  throw delegateError(delegate, request.verb, execution);
}

/** The delegate's own code, message and details; without them what can be said of its death. */
function delegateError(delegate: Delegate, verb: string, execution: Execution): CniError {
  const what = `${verb} of plugin ${delegate.type} failed with exit code ${execution.exitCode}`;
  const said = execution.stderr.trim().slice(0, 1000);
  const other = (problem: string): CniError =>
    new CniError(errorCode.delegateFailed, `${what}${problem}`, {
      reason: "delegate-failed",
      ...(said !== "" && { details: said }),
    });
  if (execution.stdout.length === 0)
    return other(said === "" ? " and said nothing" : `: ${said.split("\n")[0]}`);
  let object: JsonObject;
  try {
    object = parseJsonObject(decodeText(execution.stdout, "stdout"), "stdout");
  } catch {
    return other(" and printed something other than a CNI error");
  }
  const { code, msg, details } = object;
  if (
    typeof code !== "number" ||
    !Number.isInteger(code) ||
    code <= 0 ||
    typeof msg !== "string" ||
    msg === ""
  ) {
    return other(" and printed something other than a CNI error");
  }
  const more = typeof details === "string" && details !== "" ? { details } : {};
  return new CniError(code, msg, { reason: "delegate-error", ...more });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
