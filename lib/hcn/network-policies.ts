/**
 * HCN's policies of a whole network, which stand in one list with those of its ports: a network type reads the ones it
 * has, policies.ts the others.
 */
import { flatShape, foldKeys } from "../cni/keys.ts";
import { type Issue, isObject, type JsonObject, readInteger, report } from "../cni/read.ts";
import { type RawPolicy, readEnvelopes } from "./envelope.ts";
import { settingsOf, unsupported } from "./settings.ts";

/** By the name of the policy's type. */
export type NetworkReaders<T> = Readonly<Record<string, (raw: RawPolicy, issues: Issue[]) => T>>;

export interface SplitPolicies<T> {
  /** What each of the network's policies says, in their order. */
  readonly found: readonly T[];
  /** All others, as they stand and where they stand. */
  readonly rest: unknown;
}

const networkPolicy = "networkpolicy";

/** What to do instead of a network's policies that people bring along from Windows. */
const remedies: ReadonlyMap<string, string> = new Map([
  ["acl", "write it as an EndpointPolicy: the network's containers all have it"],
  ["networkacl", "write it as an ACL, an EndpointPolicy: the network's containers all have it"],
  ["setpolicy", "an ACL takes lists of addresses itself"],
  ["sourcemacaddress", "the switch has a MAC of its own, which follows from the network's name"],
  ["interfaceconstraint", "name the uplink by NetAdapterName"],
  ["vswitchextension", "the switch is the kernel's own and has no extensions"],
  ["layerconstraint", "the switch is the kernel's own; name its interface by the key bridge"],
  ["automaticdns", "name the servers by the key dns"],
  ["l4proxy", "redirecting to a proxy is not built yet: let the proxy's own init container do it"],
  [
    "encapoverhead",
    "an overlay network takes VXLAN's bytes from the MTU by itself; another MTU is the key mtu",
  ],
]);

/**
 * @param path where the list stands
 * @param ofBoth types of a port that may be said of the network, too: all its ports have them then
 * @throws {CniError} 2 for settings that are not known, and for a policy of a network that is not in `readers`
 */
export function splitNetworkPolicies<T>(
  value: unknown,
  path: string,
  readers: NetworkReaders<T>,
  issues: Issue[],
  ofBoth: readonly string[] = [],
): SplitPolicies<T> {
  if (!Array.isArray(value)) return { found: [], rest: value };
  const byType = new Map(Object.entries(readers).map(([name, read]) => [name.toLowerCase(), read]));
  const both = ofBoth.map((name) => name.toLowerCase());
  const isOfNetwork = (item: unknown): boolean => byType.has(typeOf(item).toLowerCase());
  const ours = value.map((item) => (isOfNetwork(item) ? item : undefined));
  const found = readEnvelopes(ours, path, issues, ["EndpointPolicy", "NetworkPolicy"]).flatMap((raw) => {
    const read = byType.get(raw.type.toLowerCase());
    return read === undefined ? [] : [read(raw, issues)];
  });
  const rest = value.map((item, i) => {
    if (isOfNetwork(item)) return undefined;
    if (nameOf(item).toLowerCase() !== networkPolicy) return item;
    const type = typeOf(item);
    if (both.includes(type.toLowerCase())) return { ...item, Name: "EndpointPolicy" };
    if (type === "") return item;
    const details =
      remedies.get(type.toLowerCase()) ?? `there are ${[...Object.keys(readers), ...ofBoth].join(", ")}`;
    throw unsupported(`${path}[${i}]: NetworkPolicy`, type, details);
  });
  return { found, rest };
}

/** What may be said in several places, as long as all say the same. @param name of the key it has here */
export function sameEverywhere<T extends string | number>(
  name: string,
  values: readonly (T | undefined)[],
  issues: Issue[],
): T | undefined {
  const different = [...new Set(values.filter((value) => value !== undefined))];
  if (different.length > 1) report(issues, name, "one, wherever it is said", different.join(" and "));
  return different[0];
}

/** NetAdapterName: the interface of the host that is the uplink. @returns undefined after a report */
export function readAdapterName(raw: RawPolicy, issues: Issue[]): string | undefined {
  const { NetworkAdapterName: name } = settingsOf(raw, ["NetworkAdapterName"]);
  if (typeof name === "string" && interfacePattern.test(name)) return name;
  return report(issues, `${raw.at}.NetworkAdapterName`, "the name of an interface of this host", name);
}

const interfacePattern = /^[^\s/:]{1,15}$/;

/** IsolationId of VLAN and VSID. @returns undefined after a report */
export function readIsolationId(
  value: unknown,
  path: string,
  limits: { readonly min: number; readonly max: number },
  issues: Issue[],
): number | undefined {
  if (value === undefined || value === null)
    return report(issues, path, `an integer from ${limits.min} to ${limits.max}`, value);
  return readInteger(value, path, issues, limits);
}

const outerOf = (item: unknown) =>
  (isObject(item) ? foldKeys(item, flatShape("Name", "Value", "Type")) : {}) as JsonObject;

function typeOf(item: unknown): string {
  const { Value, Type } = outerOf(item);
  if (typeof Type === "string") return Type;
  return Value === undefined ? "" : typeOf(Value);
}

function nameOf(item: unknown): string {
  const { Name } = outerOf(item);
  return typeof Name === "string" ? Name : "";
}
