/**
 * What every network type takes for the vNIC of an endpoint: its type, and the tap of one that is a virtual machine's.
 *
 * The configuration speaks for all containers of the network. For one container the capability `vnic`, the pod's
 * annotation, `args.cni` and CNI_ARGS do, so that one network serves both types.
 */
import type { CniArgs } from "../cni/args.ts";
import { parseRuntimeConfig } from "../cni/capability.ts";
import { interfaceNameFault } from "../cni/interface-name.ts";
import { anyShape, foldObject } from "../cni/keys.ts";
import { type Issue, isObject, type JsonObject, report } from "../cni/read.ts";
import type { AddRequest } from "../cni/request.ts";
import { type TapPlace, tapPlaces, type VnicType, vnicTypes } from "../model/vnic.ts";

export interface VnicConfig {
  readonly type: VnicType;
  readonly attach: TapPlace;
  /** Absent: CNI_IFNAME in the compartment, the name of the port on the switch. */
  readonly tapName?: string;
  /** User and group that may open the tap, by number. */
  readonly owner?: number;
  readonly group?: number;
  readonly multiQueue: boolean;
  readonly vnetHeader: boolean;
}

/** Keys of a configuration that are read here, for `foldObject`. */
export const vnicConfigShape = {
  vnic: anyShape,
  vmNicAttach: anyShape,
  tapName: anyShape,
  owner: anyShape,
  group: anyShape,
  multiQueue: anyShape,
  vnetHeader: anyShape,
} as const;

/** CNI_ARGS that are read here; tc-redirect-tap's own names mean the same. */
const argKeys: Readonly<Record<string, keyof typeof vnicConfigShape>> = {
  TC_REDIRECT_TAP_NAME: "tapName",
  TC_REDIRECT_TAP_UID: "owner",
  TC_REDIRECT_TAP_GID: "group",
  VNIC: "vnic",
  VMNIC_ATTACH: "vmNicAttach",
  TAP_NAME: "tapName",
  TAP_OWNER: "owner",
  TAP_GROUP: "group",
};

/** The name of a type, or JSON of an object with the keys of a configuration. */
export const vnicAnnotation = "vswitch-cni/vnic";

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

/** @param config already folded */
export function readVnicConfig(config: JsonObject, request: VnicRequest, issues: Issue[]): VnicConfig {
  const sources = [
    readOne(request.capability, "runtimeConfig.vnic", issues),
    readOne(annotated(request.podAnnotations, issues), `annotation ${vnicAnnotation}`, issues),
    readOne(request.arg, "args.cni.vnic", issues),
    readKeys(fromCniArgs(request.cniArgs), "CNI_ARGS ", issues),
    readKeys(config, "", issues),
  ];
  const said = Object.assign({}, ...sources.toReversed()) as Partial<VnicConfig>;
  return { type: "hostVnic", attach: "compartment", multiQueue: false, vnetHeader: true, ...said };
}

/** A name alone, or an object. */
function readOne(value: unknown, path: string, issues: Issue[]): Partial<VnicConfig> {
  if (value === undefined || value === null || value === "") return {};
  if (isObject(value)) return readKeys(value, `${path}.`, issues);
  return readKeys({ vnic: value }, `${path} `, issues);
}

function readKeys(given: JsonObject, path: string, issues: Issue[]): Partial<VnicConfig> {
  const found = foldObject(given, vnicConfigShape);
  const at = (key: keyof typeof vnicConfigShape): string => `${path}${key}`;
  const read = {
    type: oneOf(found.vnic, vnicTypes, at("vnic"), issues),
    attach: oneOf(found.vmNicAttach, tapPlaces, at("vmNicAttach"), issues),
    tapName: readName(found.tapName, at("tapName"), issues),
    owner: readId(found.owner, at("owner"), issues),
    group: readId(found.group, at("group"), issues),
    multiQueue: readFlag(found.multiQueue, at("multiQueue"), issues),
    vnetHeader: readFlag(found.vnetHeader, at("vnetHeader"), issues),
  };
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined));
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

function fromCniArgs(args: CniArgs | undefined): JsonObject {
  const said = Object.entries(argKeys).map(([name, key]) => [key, args?.values.get(name)] as const);
  return Object.fromEntries(said.filter(([, value]) => value !== undefined));
}

function oneOf<T extends string>(
  value: unknown,
  values: readonly T[],
  path: string,
  issues: Issue[],
): T | undefined {
  if (value === undefined) return undefined;
  const found = values.find((one) => typeof value === "string" && one.toLowerCase() === value.toLowerCase());
  return found ?? report(issues, path, values.join(" or "), value);
}

function readName(value: unknown, path: string, issues: Issue[]): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && value !== "" && interfaceNameFault(value) === undefined) return value;
  return report(issues, path, "an interface name of at most 15 bytes", value);
}

/** A number, or its text: CNI_ARGS have nothing else. */
function readId(value: unknown, path: string, issues: Issue[]): number | undefined {
  if (value === undefined) return undefined;
  const id = typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : value;
  // The highest number means "nobody" to the kernel.
  if (typeof id === "number" && Number.isInteger(id) && id >= 0 && id < 0xffff_ffff) return id;
  return report(issues, path, "a user or group number", value);
}

function readFlag(value: unknown, path: string, issues: Issue[]): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  return report(issues, path, "true or false", value);
}

/** What the runtime says of an ADD's container, wherever it says so. */
export function requestedVnic({ config, args }: Pick<AddRequest, "config" | "args">): VnicRequest {
  const { vnic: capability, podAnnotations } = parseRuntimeConfig(config.runtimeConfig, config.name);
  const cni = config.args?.cni;
  return { capability, podAnnotations, arg: isObject(cni) ? cni.vnic : undefined, cniArgs: args };
}
