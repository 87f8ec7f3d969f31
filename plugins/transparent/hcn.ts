/** HCN's policies of a whole transparent network, apart from those of its ports. Pure. */
import { flatShape, foldKeys } from "../../lib/cni/keys.ts";
import { type Issue, isObject, readInteger, readString } from "../../lib/cni/read.ts";
import { type RawPolicy, readEnvelopes } from "../../lib/hcn/envelope.ts";
import { settingsOf } from "../../lib/hcn/settings.ts";

/** What the policies of a network say of its uplink, each as often as it is said. */
export interface NetworkPolicies {
  readonly uplinks: readonly string[];
  readonly vlans: readonly number[];
  /** All others, as they stand. */
  readonly rest: readonly unknown[];
}

const readers: Readonly<
  Record<
    string,
    (raw: RawPolicy, issues: Issue[]) => { uplink?: string | undefined; vlan?: number | undefined }
  >
> = {
  vlan: (raw, issues) => ({
    vlan: readInteger(settingsOf(raw, ["IsolationId"]).IsolationId, `${raw.at}.IsolationId`, issues, {
      min: 1,
      max: 4094,
    }),
  }),
  netadaptername: (raw, issues) => ({
    uplink: readString(
      settingsOf(raw, ["NetworkAdapterName"]).NetworkAdapterName,
      `${raw.at}.NetworkAdapterName`,
      issues,
    ),
  }),
};

/** @param path where the list stands. @throws {CniError} 2 for settings that are not known */
export function splitNetworkPolicies(value: unknown, path: string, issues: Issue[]): NetworkPolicies {
  if (!Array.isArray(value)) return { uplinks: [], vlans: [], rest: value === undefined ? [] : [value] };
  const isOurs = (item: unknown): boolean => Object.hasOwn(readers, typeOf(item));
  // A list in which the others are nothing, so that what is said of one names its place.
  const own = value.map((item) => (isOurs(item) ? item : undefined));
  const found = own.flatMap((item, i) =>
    item === undefined
      ? []
      : readEnvelopes([item], path, issues).map((raw) => {
          const at = (text: string): string => text.replace(`${path}[0]`, `${path}[${i}]`);
          const placed = { ...raw, path: at(raw.path), at: at(raw.at) };
          return readers[raw.type.toLowerCase()]?.(placed, issues) ?? {};
        }),
  );
  return {
    uplinks: found.flatMap(({ uplink }) => uplink ?? []),
    vlans: found.flatMap(({ vlan }) => vlan ?? []),
    rest: value.filter((item) => !isOurs(item)),
  };
}

function typeOf(item: unknown): string {
  const outer = isObject(item) ? foldKeys(item, flatShape("Value", "Type")) : {};
  const { Value, Type } = outer as { readonly Value?: unknown; readonly Type?: unknown };
  if (typeof Type === "string") return Type.toLowerCase();
  return Value === undefined ? "" : typeOf(Value);
}
