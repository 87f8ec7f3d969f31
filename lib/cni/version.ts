/** The versions of the CNI specification and what each of them has. */
import { CniError, errorCode } from "./error.ts";

/** Every released version, oldest first. They are matched as exact strings: "1.0" and "v1.0.0" are none of them. */
export const supportedVersions = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;
export type CniVersion = (typeof supportedVersions)[number];
export const newestVersion: CniVersion = "1.1.0";

export type Verb = "ADD" | "DEL" | "CHECK" | "GC" | "STATUS" | "VERSION";
export const verbs: readonly Verb[] = ["ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"];

/** The version that brought each verb to the specification. */
const since: Readonly<Record<Verb, CniVersion>> = {
  ADD: "0.1.0",
  DEL: "0.1.0",
  VERSION: "0.1.0",
  CHECK: "0.4.0",
  GC: "1.1.0",
  STATUS: "1.1.0",
};

export function isSupportedVersion(text: string): text is CniVersion {
  return (supportedVersions as readonly string[]).includes(text);
}

/** Whether `version` is `least` or newer. */
export function atLeast(version: CniVersion, least: CniVersion): boolean {
  return supportedVersions.indexOf(version) >= supportedVersions.indexOf(least);
}

export function hasVerb(version: CniVersion, verb: Verb): boolean {
  return atLeast(version, since[verb]);
}

/** The form of a result: ip4/ip6 objects, lists with a version per address, lists, lists with the fields of 1.1. */
export type ResultForm = "ip4-ip6" | "versioned-ips" | "ips" | "ips-extended";

export function resultForm(version: CniVersion): ResultForm {
  if (!atLeast(version, "0.3.0")) return "ip4-ip6";
  if (!atLeast(version, "1.0.0")) return "versioned-ips";
  return atLeast(version, "1.1.0") ? "ips-extended" : "ips";
}

/**
 * Reads the `cniVersion` of a configuration; absent and "" mean 0.1.0, which had no such key.
 *
 * @throws {CniError} 1 for a version that is not supported, 7 for something other than a string
 */
export function parseVersion(value: unknown): CniVersion {
  if (value === undefined || value === null || value === "") return "0.1.0";
  if (typeof value !== "string") {
    throw new CniError(errorCode.invalidConfig, `cniVersion: expected a string, received a ${typeof value}`, {
      reason: "version-not-a-string",
    });
  }
  if (isSupportedVersion(value)) return value;
  throw unsupportedVersion(value, "is not supported");
}

/** @throws {CniError} 1 when the specification of that version has no such verb */
export function requireVerb(version: CniVersion, verb: Verb): void {
  if (hasVerb(version, verb)) return;
  throw unsupportedVersion(version, `has no ${verb}, which came with ${since[verb]}`);
}

function unsupportedVersion(requested: string, problem: string): CniError {
  const shown = JSON.stringify(requested.slice(0, 40)).slice(1, -1);
  return new CniError(errorCode.incompatibleVersion, `cniVersion ${shown} ${problem}`, {
    reason: "version-incompatible",
    details: `requested ${shown}, supported ${supportedVersions.join(", ")}`,
  });
}
