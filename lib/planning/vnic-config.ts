/**
 * What every network type takes for the vNIC of an endpoint: its type, and the tap of one that is a virtual machine's.
 *
 * The configuration speaks for all containers of the network. For one container the capability `vnic`, the pod's
 * annotation, `args.cni` and CNI_ARGS do, so that one network serves both types.
 */
import type { CniArgs } from "../cni/args.ts";
import { parseRuntimeConfig } from "../cni/capability.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { type Issue, isObject, type JsonObject, report } from "../cni/read.ts";
import type { AddRequest } from "../cni/request.ts";
import { readVnicKeys, requireVnicKeys, type VnicConfig, type VnicKey, vnicKeys } from "./vnic-keys.ts";

/** CNI_ARGS that are read here; tc-redirect-tap's own names mean the same, and ours count before them. */
const argNames: Readonly<Partial<Record<VnicKey, readonly string[]>>> = {
  vnic: ["VNIC"],
  vmNicAttach: ["VMNIC_ATTACH"],
  tapName: ["TAP_NAME", "TC_REDIRECT_TAP_NAME"],
  owner: ["TAP_OWNER", "TC_REDIRECT_TAP_UID"],
  group: ["TAP_GROUP", "TC_REDIRECT_TAP_GID"],
};

/** The name of a type, or JSON of an object with some of the keys of a configuration. */
export const vnicAnnotation = "vswitch-cni/vnic";

/** A pod says what it is. What appears on the host, and for whom, is its operator's to say. */
const annotationKeys: readonly VnicKey[] = ["vnic", "tapName", "multiQueue", "vnetHeader"];

/** What a runtime says of one container, the strongest word first. */
export interface VnicRequest {
  /** `runtimeConfig.vnic`, of the capability `vnic`. */
  readonly capability?: unknown;
  readonly podAnnotations?: JsonObject | undefined;
  /** `args.cni.vnic` of the configuration. */
  readonly arg?: unknown;
  /** CNI_ARGS: VNIC, VMNIC_ATTACH, TAP_NAME, TAP_OWNER, TAP_GROUP. */
  readonly cniArgs?: CniArgs;
}

/**
 * @param config already folded
 * @throws {CniError} 2 for keys that are not known, or not the pod's to say
 */
export function readVnicConfig(config: JsonObject, request: VnicRequest, issues: Issue[]): VnicConfig {
  const path = `annotation ${vnicAnnotation}`;
  const annotation = readOne(annotated(request.podAnnotations, issues), path, issues, annotationKeys);
  const sources = [
    readOne(request.capability, "runtimeConfig.vnic", issues),
    annotation,
    readOne(request.arg, "args.cni.vnic", issues),
    readArgs(request.cniArgs, issues),
    readVnicKeys(config, (key) => key, issues),
  ];
  const said = Object.assign({}, ...sources.toReversed()) as Partial<VnicConfig>;
  if (annotation.tapName !== undefined && said.attach === "switch") throw namesHostLink(path);
  return { type: "hostVnic", attach: "compartment", multiQueue: false, vnetHeader: true, ...said };
}

function namesHostLink(path: string): CniError {
  return new CniError(
    errorCode.unsupportedField,
    `${path}.tapName is not supported: the tap is on the host, and a pod names none of the host's interfaces`,
    { reason: "not-by-annotation", details: "take it out: the result of ADD names the tap" },
  );
}

/** A name alone, or an object. */
function readOne(
  value: unknown,
  path: string,
  issues: Issue[],
  known: readonly VnicKey[] = vnicKeys,
): Partial<VnicConfig> {
  if (value === undefined || value === null || value === "") return {};
  if (!isObject(value)) return readVnicKeys({ vnic: value }, () => path, issues);
  requireVnicKeys(value, known, path);
  return readVnicKeys(value, (key) => `${path}.${key}`, issues);
}

function annotated(annotations: JsonObject | undefined, issues: Issue[]): unknown {
  const text = annotations?.[vnicAnnotation];
  if (typeof text !== "string" || !text.trim().startsWith("{")) return text;
  try {
    return JSON.parse(text);
  } catch {
    return report(issues, `annotation ${vnicAnnotation}`, "a type of vNIC, or a JSON object", text);
  }
}

function readArgs(args: CniArgs | undefined, issues: Issue[]): Partial<VnicConfig> {
  const nameOf = (key: VnicKey) => argNames[key]?.find((name) => args?.values.has(name));
  const given = vnicKeys.flatMap((key) => {
    const name = nameOf(key);
    return name === undefined ? [] : [[key, args?.values.get(name)] as const];
  });
  return readVnicKeys(Object.fromEntries(given), (key) => `CNI_ARGS ${nameOf(key) ?? key}`, issues);
}

/** What the runtime says of an ADD's container, wherever it says so. */
export function requestedVnic({ config, args }: Pick<AddRequest, "config" | "args">): VnicRequest {
  const { vnic: capability, podAnnotations } = parseRuntimeConfig(config.runtimeConfig, config.name);
  const cni = config.args?.cni;
  return { capability, podAnnotations, arg: isObject(cni) ? cni.vnic : undefined, cniArgs: args };
}
