/** HCN's policies of a whole transparent network, apart from those of its ports. Pure. */
import { flatShape, foldKeys } from "../../lib/cni/keys.ts";
import { type Issue, isObject, readInteger, report } from "../../lib/cni/read.ts";
import { type RawPolicy, readEnvelopes } from "../../lib/hcn/envelope.ts";
import { settingsOf } from "../../lib/hcn/settings.ts";
import { interfaceName } from "./schema.ts";

/** What the policies of a network say of its uplink, each as often as it is said. */
export interface NetworkPolicies {
  readonly uplinks: readonly string[];
  readonly vlans: readonly number[];
  /** All others, as they stand and where they stand. */
  readonly rest: unknown;
}

type Reader = (raw: RawPolicy, issues: Issue[]) => Pick<NetworkPolicies, "uplinks" | "vlans">;

const readers: Readonly<Record<string, Reader>> = {
  vlan(raw, issues) {
    const { IsolationId } = settingsOf(raw, ["IsolationId"]);
    const path = `${raw.at}.IsolationId`;
    const limits = { min: 1, max: 4094 };
    const id =
      IsolationId === undefined
        ? report(issues, path, "an integer from 1 to 4094", IsolationId)
        : readInteger(IsolationId, path, issues, limits);
    return { uplinks: [], vlans: id === undefined ? [] : [id] };
  },
  netadaptername(raw, issues) {
    const { NetworkAdapterName: name } = settingsOf(raw, ["NetworkAdapterName"]);
    if (typeof name === "string" && new RegExp(interfaceName.pattern).test(name))
      return { uplinks: [name], vlans: [] };
    report(issues, `${raw.at}.NetworkAdapterName`, "the name of an interface of this host", name);
    return { uplinks: [], vlans: [] };
  },
};

/** @param path where the list stands. @throws {CniError} 2 for settings that are not known */
export function splitNetworkPolicies(value: unknown, path: string, issues: Issue[]): NetworkPolicies {
  if (!Array.isArray(value)) return { uplinks: [], vlans: [], rest: value };
  const isOurs = (item: unknown): boolean => Object.hasOwn(readers, typeOf(item));
  const only = (ours: boolean) => value.map((item) => (isOurs(item) === ours ? item : undefined));
  const found = readEnvelopes(only(true), path, issues).map((raw) =>
    readers[raw.type.toLowerCase()]?.(raw, issues),
  );
  return {
    uplinks: found.flatMap((one) => one?.uplinks ?? []),
    vlans: found.flatMap((one) => one?.vlans ?? []),
    rest: only(false),
  };
}

function typeOf(item: unknown): string {
  const outer = isObject(item) ? foldKeys(item, flatShape("Value", "Type")) : {};
  const { Value, Type } = outer as { readonly Value?: unknown; readonly Type?: unknown };
  if (typeof Type === "string") return Type.toLowerCase();
  return Value === undefined ? "" : typeOf(Value);
}
