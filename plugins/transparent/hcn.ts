/** HCN's policies of a whole transparent network, apart from those of its ports. Pure. */
import type { Issue } from "../../lib/cni/read.ts";
import {
  type NetworkReaders,
  readAdapterName,
  readIsolationId,
  splitNetworkPolicies,
} from "../../lib/hcn/network-policies.ts";
import { settingsOf } from "../../lib/hcn/settings.ts";

/** What the policies of a network say of its uplink, each as often as it is said. */
export interface NetworkPolicies {
  readonly uplinks: readonly string[];
  readonly vlans: readonly number[];
  /** All others, as they stand and where they stand. */
  readonly rest: unknown;
}

interface Said {
  readonly uplink?: string | undefined;
  readonly vlan?: number | undefined;
}

const readers: NetworkReaders<Said> = {
  VLAN(raw, issues) {
    const { IsolationId } = settingsOf(raw, ["IsolationId"]);
    return { vlan: readIsolationId(IsolationId, `${raw.at}.IsolationId`, { min: 1, max: 4094 }, issues) };
  },
  NetAdapterName: (raw, issues) => ({ uplink: readAdapterName(raw, issues) }),
};

/** @param path where the list stands. @throws {CniError} 2 for settings that are not known */
export function readNetworkPolicies(value: unknown, path: string, issues: Issue[]): NetworkPolicies {
  const { found, rest } = splitNetworkPolicies(value, path, readers, issues);
  return {
    uplinks: found.flatMap(({ uplink }) => uplink ?? []),
    vlans: found.flatMap(({ vlan }) => vlan ?? []),
    rest,
  };
}
