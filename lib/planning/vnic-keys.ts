/** The keys of a vNIC, by whatever way they come: their types, and what is no key. */
import { CniError, errorCode } from "../cni/error.ts";
import { interfaceNameFault } from "../cni/interface-name.ts";
import { anyShape, foldObject } from "../cni/keys.ts";
import { type Issue, type JsonObject, report } from "../cni/read.ts";
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
export type VnicKey = keyof typeof vnicConfigShape;
export const vnicKeys = Object.keys(vnicConfigShape) as readonly VnicKey[];

/** @param at how an error names a key */
export function readVnicKeys(
  given: JsonObject,
  at: (key: VnicKey) => string,
  issues: Issue[],
): Partial<VnicConfig> {
  const found = foldObject(given, vnicConfigShape);
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

/** In an object of its own everything is meant for the vNIC. @throws {CniError} 2 for what is none of `known` */
export function requireVnicKeys(given: JsonObject, known: readonly VnicKey[], path: string): void {
  const other = Object.keys(foldObject(given, vnicConfigShape)).find(
    (key) => !(known as readonly string[]).includes(key),
  );
  if (other === undefined) return;
  const isKey = (vnicKeys as readonly string[]).includes(other);
  throw new CniError(
    errorCode.unsupportedField,
    `${path}.${other} is not supported${isKey ? ": that is for the network's configuration to say" : ": no such key"}`,
    { reason: isKey ? "not-by-annotation" : "unknown-key", details: `its keys are ${known.join(", ")}` },
  );
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
