/** The CNI_* variables: what a runtime says of the attachment apart from its configuration. */
import { type CniArgs, parseCniArgs } from "./args.ts";
import { CniError, errorCode } from "./error.ts";
import { interfaceNameFault } from "./interface-name.ts";
import { describeValue } from "./read.ts";
import { type Verb, verbs } from "./version.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Names of attachments, containers and networks (CNI 1.0 "Network name"). */
export const namePattern: RegExp = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** An empty variable counts as unset: libcni exports all five for every verb. */
export function envValue(env: Environment, name: string): string | undefined {
  return env[name] || undefined;
}

/** @throws {CniError} 4 naming CNI_COMMAND; verbs are case-sensitive */
export function parseCommand(env: Environment): Verb {
  const command = envValue(env, "CNI_COMMAND");
  const verb = verbs.find((known) => known === command);
  if (verb !== undefined) return verb;
  const problem = command === undefined ? "is missing" : `${describeValue(command)} is no CNI verb`;
  throw new CniError(errorCode.invalidEnvironment, `CNI_COMMAND ${problem}`, {
    reason: "command-invalid",
    details: `one of ${verbs.join(", ")}`,
  });
}

export interface AttachmentEnv {
  readonly containerId: string;
  readonly ifname: string;
  readonly netns: string | undefined;
  readonly args: CniArgs;
}

/**
 * The variables of ADD, CHECK and DEL. DEL comes without a namespace as a matter of routine, and nothing in CNI_ARGS
 * may keep a container from being removed.
 *
 * @throws {CniError} 4 naming every missing and every invalid variable
 */
export function parseAttachmentEnv(verb: "ADD" | "CHECK" | "DEL", env: Environment): AttachmentEnv {
  const containerId = envValue(env, "CNI_CONTAINERID");
  const netns = envValue(env, "CNI_NETNS");
  const ifname = envValue(env, "CNI_IFNAME");
  const args = parseCniArgs(envValue(env, "CNI_ARGS") ?? "");
  const missing: string[] = [];
  const invalid: string[] = [];
  if (containerId === undefined) missing.push("CNI_CONTAINERID");
  else if (!namePattern.test(containerId)) {
    invalid.push(`CNI_CONTAINERID ${describeValue(containerId)} must match ${namePattern.source}`);
  }
  if (netns === undefined && verb !== "DEL") missing.push("CNI_NETNS");
  const fault = ifname === undefined ? undefined : interfaceNameFault(ifname);
  if (ifname === undefined) missing.push("CNI_IFNAME");
  else if (fault !== undefined) invalid.push(`CNI_IFNAME ${describeValue(ifname)} ${fault}`);
  if (args.malformed.length > 0 && verb !== "DEL") {
    invalid.push(`CNI_ARGS holds ${describeValue(args.malformed[0])}, which is not KEY=VALUE`);
  }
  if (containerId === undefined || ifname === undefined || missing.length + invalid.length > 0) {
    throw environmentError(missing, invalid);
  }
  return { containerId, ifname, netns, args };
}

function environmentError(missing: readonly string[], invalid: readonly string[]): CniError {
  const parts = missing.length > 0 ? [`missing [${missing.join(",")}]`, ...invalid] : invalid;
  return new CniError(errorCode.invalidEnvironment, `environment: ${parts.join("; ")}`, {
    reason: "environment-invalid",
    details: "an empty variable counts as missing",
  });
}

/** CNI_PATH as folders; empty entries are skipped, relative ones are legal. */
export function parsePath(text: string | undefined, separator = ":"): readonly string[] {
  return (text ?? "").split(separator).filter((folder) => folder !== "");
}
