/** Reading the settings of a policy: which there may be, and what is said of one that cannot be kept. */
import { CniError, errorCode } from "../cni/error.ts";
import { flatShape, foldKeys } from "../cni/keys.ts";
import { describeValue, type Issue, isObject, type JsonObject, report } from "../cni/read.ts";
import { misspeltKeys } from "../cni/schema.ts";
import { isSecretKey } from "../cni/secret.ts";
import type { RawPolicy } from "./envelope.ts";

/**
 * The settings under their canonical spelling.
 *
 * @param names what the policy's reader understands; anything else with a value is refused, since a policy is never
 *   half applied. Names in `ignored` may be there: what they ask for is so in any case
 * @throws {CniError} 2
 */
export function settingsOf(
  { settings, at, type }: RawPolicy,
  names: readonly string[],
  ignored: readonly string[] = [],
): JsonObject {
  const known = foldKeys(settings, flatShape(...names, ...ignored)) as JsonObject;
  refuseOthers(known, [...names, ...ignored], at, `${type} takes ${names.join(", ")}`);
  return known;
}

/**
 * Keys without a value of their own (Go's zero values) are passed over, unless they look like a misspelt known one.
 *
 * @throws {CniError} 2 for any other key than `known`
 */
export function refuseOthers(
  object: JsonObject,
  known: readonly string[],
  at: string,
  details: string,
): void {
  const [slip] = misspeltKeys(object, known);
  if (slip !== undefined) throw unknownKey(slip, at);
  const other = Object.entries(object).find(([key, value]) => !known.includes(key) && !isZero(value));
  if (other !== undefined) throw unsupported(`${at}.${other[0]}`, other[1], details);
}

/** @param at where the object stands; absent: the configuration itself */
export function unknownKey({ received, expected }: Issue, at?: string): CniError {
  const where = at === undefined ? received : `${at}.${received}`;
  return new CniError(errorCode.unsupportedField, `unknown key ${where}; expected ${expected}`, {
    reason: "unknown-key",
  });
}

/** @param details what there is instead */
export function unsupported(key: string, value: unknown, details: string): CniError {
  const text = isSecretKey(key) ? "a hidden value" : describeValue(value);
  return new CniError(errorCode.unsupportedField, `${key}: ${text} is not supported`, {
    reason: "policy-unsupported",
    details: `${details}; a policy is never ignored: remove it, or what it cannot have`,
  });
}

/** Whether a value says nothing: null, or what Go writes for a field that was never set. */
export function isZero(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

/** A setting that HCN v1 has under another name: its value, and the name that was used. */
export function eitherOf(
  settings: JsonObject,
  name: string,
  firstName: string,
  { at }: RawPolicy,
  issues: Issue[],
): { readonly value: unknown; readonly path: string } {
  const [value, other] = [settings[name], settings[firstName]];
  if (isZero(other)) return { value, path: `${at}.${name}` };
  if (!isZero(value)) report(issues, `${at}.${firstName}`, `either it or ${name}`, "both");
  return { value: other, path: `${at}.${firstName}` };
}

export function oneOf<T extends string>(
  value: unknown,
  values: readonly T[],
  path: string,
  issues: Issue[],
): T | undefined {
  const found = values.find((one) => typeof value === "string" && one.toLowerCase() === value.toLowerCase());
  return found ?? report(issues, path, values.join(" or "), value);
}
