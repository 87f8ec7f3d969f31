/** The network configuration as the specification defines it; a plugin's own keys are read from `raw` by the plugin. */
import { type Dns, dnsShape, readDns } from "./dns.ts";
import { namePattern } from "./environment.ts";
import { CniError, errorCode } from "./error.ts";
import { anyShape, flatShape, foldObject, listShape, objectShape } from "./keys.ts";
import { parseResult } from "./parse-result.ts";
import {
  describeValue,
  type Issue,
  type IssueSink,
  isObject,
  type JsonObject,
  readBoolean,
  readList,
  readObject,
  readString,
  report,
  throwIssues,
} from "./read.ts";
import type { Result } from "./result.ts";
import type { CniVersion } from "./version.ts";

export interface IpamConf {
  readonly type: string | undefined;
  /** The whole `ipam` object. */
  readonly raw: JsonObject;
}

/** An attachment that GC shall keep. */
export interface ValidAttachment {
  readonly containerID: string;
  readonly ifname: string;
}

export interface NetConf {
  readonly cniVersion: CniVersion;
  readonly name: string;
  readonly type: string | undefined;
  readonly ipam: IpamConf | undefined;
  readonly ipMasq: boolean | undefined;
  readonly dns: Dns;
  readonly args: JsonObject | undefined;
  readonly runtimeConfig: JsonObject | undefined;
  readonly capabilities: JsonObject | undefined;
  readonly prevResult: Result | undefined;
  /** Undefined when the key is absent, which the specification leaves open; null counts as the empty list. */
  readonly validAttachments: readonly ValidAttachment[] | undefined;
  /** The whole configuration, with the keys of the specification in its spelling. */
  readonly raw: JsonObject;
}

const attachmentsShape = listShape(flatShape("containerID", "ifname"));
const confShape = {
  cniVersion: anyShape,
  name: anyShape,
  type: anyShape,
  ipam: objectShape({ type: anyShape }),
  ipMasq: anyShape,
  dns: dnsShape,
  args: anyShape,
  runtimeConfig: anyShape,
  capabilities: anyShape,
  prevResult: anyShape,
  "cni.dev/valid-attachments": attachmentsShape,
  // The name in the text of tag 1.1.0; libcni sends both.
  "cni.dev/attachments": attachmentsShape,
} as const;

/** Brings the keys of the specification to their spelling. */
export function foldNetConf(object: JsonObject): JsonObject {
  return foldObject(object, confShape);
}

/**
 * @param object from `foldNetConf`
 * @param warn when given, what is wrong is told to it and taken as absent: DEL must work with a configuration that has
 *   become invalid since ADD. Only the name is still demanded, it is part of the key of an attachment
 * @throws {CniError} 7 naming every fault, or 1 or 6 for a prevResult that cannot be read
 */
export function parseNetConf(
  object: JsonObject,
  cniVersion: CniVersion,
  warn?: (text: string) => void,
): NetConf {
  const issues: Issue[] = [];
  const conf: NetConf = {
    cniVersion,
    name: parseName(object.name),
    type: readPluginType(object.type, "type", issues),
    ipam: readIpam(object.ipam, issues),
    ipMasq: readBoolean(object.ipMasq, "ipMasq", issues),
    dns: readDns(object.dns, "dns", issues),
    args: isObject(object.args) ? object.args : undefined,
    runtimeConfig: readObject(object.runtimeConfig, "runtimeConfig", issues),
    capabilities: isObject(object.capabilities) ? object.capabilities : undefined,
    prevResult: readPrevResult(object.prevResult, cniVersion, issues, warn),
    validAttachments: readAttachments(object, issues),
    raw: object,
  };
  if (warn === undefined) throwIssues(issues);
  else
    for (const { path, expected, received } of issues)
      warn(`ignored ${path}: expected ${expected}, received ${received}`);
  return conf;
}

function parseName(value: unknown): string {
  if (typeof value === "string" && namePattern.test(value)) return value;
  const problem =
    value === undefined || value === "" ? "is missing" : `${describeValue(value)} is not a network name`;
  throw new CniError(errorCode.invalidConfig, `name ${problem}`, {
    reason: "name-invalid",
    details: `the network's name must match ${namePattern.source}`,
  });
}

/** A plugin's name becomes a file name in CNI_PATH, so it must not lead elsewhere. */
function readPluginType(value: unknown, path: string, issues: IssueSink): string | undefined {
  const type = readString(value, path, issues);
  if (type === undefined || isPluginType(type)) return type;
  return report(issues, path, "a plugin's name without path separators", type);
}

export function isPluginType(type: string): boolean {
  return type !== "" && type !== "." && type !== ".." && !/[/\\\0]/.test(type);
}

function readIpam(value: unknown, issues: IssueSink): IpamConf | undefined {
  const raw = readObject(value, "ipam", issues);
  return raw && { type: readPluginType(raw.type, "ipam.type", issues), raw };
}

function readPrevResult(
  value: unknown,
  version: CniVersion,
  issues: IssueSink,
  warn: ((text: string) => void) | undefined,
): Result | undefined {
  if (value === undefined) return undefined;
  try {
    const result = parseResult(value, version, "prevResult");
    for (const [i, { interface: index }] of result.ips.entries()) {
      if (index === undefined || (index >= 0 && index < result.interfaces.length)) continue;
      report(issues, `prevResult.ips[${i}].interface`, "an index into interfaces", index);
    }
    return result;
  } catch (error) {
    if (warn === undefined || !(error instanceof CniError)) throw error;
    warn(`going on without prevResult: ${error.message}`);
    return undefined;
  }
}

function readAttachments(object: JsonObject, issues: IssueSink): readonly ValidAttachment[] | undefined {
  const key = "cni.dev/valid-attachments";
  const used = object[key] === undefined ? "cni.dev/attachments" : key;
  const value = object[used];
  if (value === undefined) return undefined;
  return readList(value, used, issues, (item, path) => {
    const entry = readObject(item ?? 0, path, issues);
    if (entry === undefined) return undefined;
    const { containerID, ifname } = entry;
    if (
      typeof containerID === "string" &&
      containerID !== "" &&
      typeof ifname === "string" &&
      ifname !== ""
    ) {
      return { containerID, ifname };
    }
    return report(issues, path, "containerID and ifname", entry);
  });
}
