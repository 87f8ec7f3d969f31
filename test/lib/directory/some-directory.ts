/** Directories for tests: keys and values as they are in a store. */
import { ip } from "../../../lib/addr/ip.ts";
import { type Mac, mac } from "../../../lib/addr/mac.ts";
import { type Prefix, prefix } from "../../../lib/addr/prefix.ts";
import { type DirectoryState, directoryLayout } from "../../../lib/directory/directory.ts";
import { formatKey } from "../../../lib/directory/keys.ts";
import type { LocalNetwork, LocalNode } from "../../../lib/directory/known.ts";
import { formatRecord, type NodeRecord } from "../../../lib/directory/records.ts";
import { listedState, type Stored } from "../../../lib/directory/state.ts";
import { vtepMac } from "../../../lib/model/vtep.ts";

export const layout = directoryLayout("/p");
const root = "/p/v1/";

/** @param revision when it was made, and written last if nothing else is said */
export function stored(
  key: string,
  value: object | string,
  revision: number,
  modRevision = revision,
): Stored {
  return {
    key: root + key,
    value: typeof value === "string" ? value : JSON.stringify(value),
    createRevision: String(revision),
    modRevision: String(modRevision),
  };
}

export function node(uid: string, vtep: string, revision: number, more: Partial<NodeRecord> = {}): Stored {
  const address = ip(vtep);
  const record: NodeRecord = {
    v: 1,
    uid,
    name: `host-${uid}`,
    epoch: 1,
    vtep: address,
    mac: vtepMac(address),
    mtu: 1450,
    udpPort: 4789,
    platform: "linux",
    ...more,
  };
  return stored(`nodes/${uid}`, formatRecord(record), revision);
}

export function block(cidr: string, owner: string, revision: number, network = "blue"): Stored {
  const key = formatKey("/p", { kind: "blocks", network, cidr: prefix(cidr) }).slice(root.length);
  return stored(key, { v: 1, owner, epoch: 1 }, revision);
}

export function endpoint(
  uid: string,
  container: string,
  what: { readonly ips: readonly string[]; readonly mac: string },
  revision: number,
): Stored {
  return stored(`endpoints/blue/${uid}/${container}.eth0`, { v: 1, ...what }, revision);
}

export const network = (more: object = {}): Stored =>
  stored(
    "networks/blue",
    { v: 1, vni: 4097, mode: "routed", cidrs: ["10.40.0.0/16", "fd00:40::/64"], udpPort: 4789, ...more },
    1,
  );

export const stateOf = (...kvs: readonly Stored[]): DirectoryState =>
  listedState(layout, { kvs, revision: "1000" });

export const local: LocalNode = {
  uid: "n0",
  name: "host-n0",
  vtep: ip("192.0.2.100"),
  mac: vtepMac(ip("192.0.2.100")),
  connected: [prefix("192.0.2.0/24")],
};

export const blue: LocalNetwork = {
  network: "blue",
  vni: 4097,
  mode: "routed",
  cidrs: [prefix("10.40.0.0/16")],
  udpPort: 4789,
  gateways: [prefix("10.40.0.1/26")],
  mac: mac("02:00:00:00:00:01") as Mac,
  blocks: [] as readonly Prefix[],
};
