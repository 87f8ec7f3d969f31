/** Fields of a record: how each is read, and what there is in its place where it is absent. */
import { type Ip, ipBytes, isLoopback, isUnspecified, parseIp, v4Number } from "../addr/ip.ts";
import { isUnicastMac, type Mac, parseMac } from "../addr/mac.ts";
import { networkOf, type Prefix, parsePrefix } from "../addr/prefix.ts";
import { CniError } from "../cni/error.ts";
import { parseJsonObject } from "../cni/json.ts";
import { formatIssue, type Issue, type JsonObject, report } from "../cni/read.ts";
import { type Garbage, garbage } from "./garbage.ts";
import { isName } from "./keys.ts";

export interface Kind<V> {
  /** "a port from 1 to 65535". */
  readonly expected: string;
  /** @returns undefined for what is none */
  readonly read: (value: unknown) => V | undefined;
}

export interface Field<V> extends Kind<V> {
  /** What an absent field means; `needed`: it makes the record garbage. */
  readonly absent: "needed" | "nothing" | { readonly value: V };
}

export const need = <V>(kind: Kind<V>): Field<V> => ({ ...kind, absent: "needed" });
export const may = <V>(kind: Kind<V>): Field<V> => ({ ...kind, absent: "nothing" });
export const or = <V>(value: V, kind: Kind<V>): Field<V> => ({ ...kind, absent: { value } });

/** Every field of a record but those that all of them have. */
export type Fields<T> = {
  readonly [K in Exclude<keyof T, "v" | "other">]-?: Field<Exclude<T[K], undefined>>;
};

/** The one version that this release writes, and reads. */
const version = 1;

/** @param issues what is wrong apart from single fields goes here */
export function parseFields<T extends { readonly v: 1; readonly other?: JsonObject }>(
  text: string,
  fields: Fields<T>,
  check: (record: T, issues: Issue[]) => void = () => {},
): T | Garbage {
  let json: JsonObject;
  try {
    json = parseJsonObject(text, "the value");
  } catch (error) {
    if (error instanceof CniError) return garbage(error.message);
    throw error;
  }
  const { v } = json;
  if (typeof v === "number" && Number.isInteger(v) && v > version) {
    return { garbage: [`v: it is of version ${v}, this release reads ${version}`], newer: v };
  }
  const issues: Issue[] = [];
  if (v !== version) report(issues, "v", String(version), v);
  const record: Record<string, unknown> = { v: version };
  for (const name in fields) {
    const value = readField<unknown>(json[name], name, fields[name as keyof Fields<T>], issues);
    if (value !== undefined) record[name] = value;
  }
  const other: string[] = [];
  for (const name of Object.keys(json)) if (name !== "v" && !Object.hasOwn(fields, name)) other.push(name);
  // fromEntries makes a field named `__proto__` a field.
  if (other.length > 0) record.other = Object.fromEntries(other.map((name) => [name, json[name]]));
  if (issues.length === 0) check(record as unknown as T, issues);
  return issues.length > 0 ? garbage(...issues.map(formatIssue)) : (record as unknown as T);
}

function readField<V>(value: unknown, name: string, field: Field<V>, issues: Issue[]): V | undefined {
  if (value === undefined || value === null) {
    if (field.absent === "needed") return report(issues, name, field.expected, undefined);
    return field.absent === "nothing" ? undefined : field.absent.value;
  }
  return field.read(value) ?? report(issues, name, field.expected, value);
}

const ofText = <V>(expected: string, read: (text: string) => V | undefined): Kind<V> => ({
  expected,
  read: (value) => (typeof value === "string" ? read(value) : undefined),
});

export const integer = (min: number, max: number): Kind<number> => ({
  expected: `an integer from ${min} to ${max}`,
  read: (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= min && value <= max ? value : undefined,
});

export const truth: Kind<boolean> = {
  expected: "true or false",
  read: (value) => (typeof value === "boolean" ? value : undefined),
};

export const port = integer(1, 65535);

export const oneOf = <V extends string>(...values: readonly V[]): Kind<V> =>
  ofText(values.join(" or "), (text) => values.find((known) => known === text));

/** Printable text of one line. */
export const words: Kind<string> = ofText("text of 1 to 255 characters without control characters", (text) =>
  text.length > 0 && text.length <= 255 && !/\p{Cc}/u.test(text) ? text : undefined,
);

export const name: Kind<string> = ofText("letters, digits and any of _.- (253 at most)", (text) =>
  isName(text) && text.length <= 253 ? text : undefined,
);

export const unicastMac: Kind<Mac> = ofText("a unicast MAC address", (text) => {
  const mac = parseMac(text);
  return mac !== undefined && isUnicastMac(mac) ? mac : undefined;
});

export const address: Kind<Ip> = ofText("an address of one host", (text) => {
  const ip = parseIp(text);
  return ip !== undefined && isHost(ip) ? ip : undefined;
});

/** A prefix without host bits. */
export const network: Kind<Prefix> = ofText("a network as ADDRESS/LENGTH, without host bits", (text) => {
  const prefix = parsePrefix(text);
  return prefix !== undefined && networkOf(prefix) === prefix ? prefix : undefined;
});

export const listOf = <V>(kind: Kind<V>, min: number): Kind<readonly V[]> => ({
  expected: `a list of ${min === 0 ? "" : "one or more, each "}${kind.expected}`,
  read: (value) => {
    if (!Array.isArray(value) || value.length < min) return undefined;
    const items = value.map(kind.read).filter((item) => item !== undefined);
    return items.length === value.length ? items : undefined;
  },
});

/** Neither nobody, nor this host, nor many (RFC 1112 4, RFC 4291 2.7, RFC 919 7). */
function isHost(ip: Ip): boolean {
  const number = v4Number(ip);
  const first = number === undefined ? (ipBytes(ip)[0] ?? 0) : number >>> 24;
  const isOne = number === undefined ? first !== 255 : first < 224 && first > 0;
  return isOne && !isUnspecified(ip) && !isLoopback(ip);
}
