/** Environment and stdin to one typed request per verb. */
import { type CniArgs, parseCniArgs } from "./args.ts";
import { type Environment, envValue, parseAttachmentEnv, parseCommand, parsePath } from "./environment.ts";
import { CniError, errorCode } from "./error.ts";
import { decodeText, parseJsonObject } from "./json.ts";
import { foldNetConf, type NetConf, parseNetConf } from "./netconf.ts";
import type { Result } from "./result.ts";
import {
  type CniVersion,
  isSupportedVersion,
  newestVersion,
  parseVersion,
  requireVerb,
  type Verb,
} from "./version.ts";

interface ConfiguredRequest {
  readonly config: NetConf;
  readonly args: CniArgs;
  /** Folders of CNI_PATH; demanded only when a delegate is looked for. */
  readonly path: readonly string[];
  /** As it was read: delegates get the same. */
  readonly stdin: string;
  readonly env: Environment;
  /** What was wrong and could be passed over. */
  readonly warnings: readonly string[];
}

interface AttachmentRequest extends ConfiguredRequest {
  readonly containerId: string;
  readonly ifname: string;
}

export interface AddRequest extends AttachmentRequest {
  readonly verb: "ADD";
  readonly netns: string;
}
export interface CheckRequest extends AttachmentRequest {
  readonly verb: "CHECK";
  readonly netns: string;
  /** The final result of the chain: what CHECK holds the world against. */
  readonly prevResult: Result;
}
export interface DelRequest extends AttachmentRequest {
  readonly verb: "DEL";
  readonly netns: string | undefined;
}
export interface GcRequest extends ConfiguredRequest {
  readonly verb: "GC";
}
export interface StatusRequest extends ConfiguredRequest {
  readonly verb: "STATUS";
}
export interface VersionRequest {
  readonly verb: "VERSION";
  /** The version to answer in: the one asked in if it is supported. */
  readonly cniVersion: CniVersion;
}
export type CniRequest = AddRequest | CheckRequest | DelRequest | GcRequest | StatusRequest | VersionRequest;

/**
 * Decided in this order, the first failure counts: verb, variables, JSON, version, verb of that version, configuration.
 *
 * @param stdin the whole of it
 * @param pathSeparator between the folders of CNI_PATH
 * @throws {CniError} 1 version, 4 environment, 5 or 6 stdin, 7 configuration
 */
export function parseRequest(env: Environment, stdin: string | Uint8Array, pathSeparator = ":"): CniRequest {
  const verb = parseCommand(env);
  if (verb === "VERSION") return { verb, cniVersion: peekVersion(stdin) };
  const attachment =
    verb === "GC" || verb === "STATUS" ? undefined : { verb, ...parseAttachmentEnv(verb, env) };
  const text = decodeText(stdin, "the configuration on stdin");
  const object = foldNetConf(parseJsonObject(text, "the configuration on stdin"));
  const version = parseVersion(object.cniVersion);
  requireVerb(version, verb);
  const warnings: string[] = [];
  const lenient = verb === "DEL" ? (warning: string) => warnings.push(warning) : undefined;
  const configured: Omit<ConfiguredRequest, "args"> = {
    config: parseNetConf(object, version, lenient),
    path: parsePath(env.CNI_PATH, pathSeparator),
    stdin: text,
    env,
    warnings,
  };
  if (attachment === undefined) {
    return {
      verb: verb === "GC" ? "GC" : "STATUS",
      ...configured,
      args: parseCniArgs(envValue(env, "CNI_ARGS") ?? ""),
    };
  }
  return attachmentRequest({ ...configured, ...attachment });
}

function attachmentRequest(
  request: AttachmentRequest & { readonly verb: "ADD" | "CHECK" | "DEL"; readonly netns: string | undefined },
): AddRequest | CheckRequest | DelRequest {
  const { verb, netns, config } = request;
  if (verb === "DEL") return { ...request, verb };
  if (netns === undefined) throw new TypeError("a namespace is demanded by parseAttachmentEnv");
  if (verb === "ADD") return { ...request, verb, netns };
  if (config.prevResult !== undefined) return { ...request, verb, netns, prevResult: config.prevResult };
  throw new CniError(errorCode.invalidConfig, "prevResult is missing, CHECK compares with it", {
    reason: "prev-result-missing",
    details: "the runtime must pass the result of ADD",
  });
}

/** The DEL that undoes an ADD (CNI 1.1 "Delegated Plugin Execution"): same everything, other verb. */
export function toDelRequest(request: AddRequest): DelRequest {
  return { ...request, verb: "DEL", env: { ...request.env, CNI_COMMAND: "DEL" satisfies Verb } };
}

/** The version an answer is written in when the request may not be readable: the one asked for, else the newest. */
export function peekVersion(stdin: string | Uint8Array): CniVersion {
  try {
    const { cniVersion } = foldNetConf(parseJsonObject(decodeText(stdin, "stdin"), "stdin"));
    return typeof cniVersion === "string" && isSupportedVersion(cniVersion) ? cniVersion : newestVersion;
  } catch {
    return newestVersion;
  }
}
