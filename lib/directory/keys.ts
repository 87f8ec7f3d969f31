/**
 * Keys of the directory in etcd, below `PREFIX/v1/`. Each thing has one spelling, for a key that exists is what keeps
 * two hosts from having one block: any other spelling is garbage.
 *
 * ```
 * networks/NETWORK                        vnis/VNI
 * nodes/UID                               alive/UID
 * blocks/NETWORK/10.40.1.0-26             owned/UID/NETWORK/10.40.1.0-26
 * endpoints/NETWORK/UID/CONTAINER.IFNAME  ips/NETWORK/10.40.1.7
 * ```
 *
 * A prefix has `-` for its slash. Names of interfaces may hold dots, so a dot of a container's id is spelt `%2e`.
 */
import { type Ip, parseIp } from "../addr/ip.ts";
import { networkOf, type Prefix, parsePrefix } from "../addr/prefix.ts";
import { namePattern } from "../cni/environment.ts";
import { interfaceNameFault } from "../cni/interface-name.ts";
import { type Garbage, garbage } from "./garbage.ts";

export type Key =
  | { readonly kind: "networks"; readonly network: string }
  | { readonly kind: "vnis"; readonly vni: number }
  | { readonly kind: "nodes" | "alive"; readonly uid: string }
  | { readonly kind: "blocks"; readonly network: string; readonly cidr: Prefix }
  | { readonly kind: "owned"; readonly uid: string; readonly network: string; readonly cidr: Prefix }
  | {
      readonly kind: "endpoints";
      readonly network: string;
      readonly uid: string;
      readonly containerId: string;
      readonly ifname: string;
    }
  | { readonly kind: "ips"; readonly network: string; readonly ip: Ip };
export type KeyKind = Key["kind"];

/** What all keys begin with. */
export const directoryRoot = (prefix: string): string => `${prefix}/v1/`;

/**
 * What the keys of one folder begin with, to list, watch or delete all of them:
 * `folderKey("/vswitch", "endpoints", network, uid)`.
 */
export function folderKey(prefix: string, kind: KeyKind, ...names: readonly string[]): string {
  return `${directoryRoot(prefix)}${[kind, ...names].join("/")}/`;
}

export function formatKey(prefix: string, key: Key): string {
  return directoryRoot(prefix) + keyParts(key).join("/");
}

/** @returns undefined for keys that are not of this directory, or of a kind that a later release may know */
export function parseKey(prefix: string, text: string): Key | Garbage | undefined {
  const root = directoryRoot(prefix);
  if (!text.startsWith(root)) return undefined;
  const [kind = "", ...names] = text.slice(root.length).split("/");
  if (!Object.hasOwn(readers, kind)) return undefined;
  const key = readers[kind as KeyKind](names);
  if (key === undefined) return garbage(`the key is not ${forms[kind as KeyKind]}`);
  const spelling = formatKey(prefix, key);
  return spelling === text ? key : garbage(`the key is another spelling of ${spelling}`);
}

/** The names of a key from its kind to its leaf: none holds a slash. */
export function keyParts(key: Key): readonly [KeyKind, string, ...string[]] {
  switch (key.kind) {
    case "networks":
      return [key.kind, key.network];
    case "vnis":
      return [key.kind, String(key.vni)];
    case "nodes":
    case "alive":
      return [key.kind, key.uid];
    case "blocks":
      return [key.kind, key.network, spellPrefix(key.cidr)];
    case "owned":
      return [key.kind, key.uid, key.network, spellPrefix(key.cidr)];
    case "endpoints":
      return [key.kind, key.network, key.uid, `${key.containerId.replaceAll(".", "%2e")}.${key.ifname}`];
    case "ips":
      return [key.kind, key.network, key.ip];
  }
}

/** `10.40.1.0-26`: as flannel spells it, too. */
export const spellPrefix = (cidr: Prefix): string => cidr.replace("/", "-");

/** @returns the network, or undefined for what is none; host bits are cleared */
export function unspellPrefix(text: string): Prefix | undefined {
  const dash = text.lastIndexOf("-");
  const cidr = text.includes("/") ? undefined : parsePrefix(`${text.slice(0, dash)}/${text.slice(dash + 1)}`);
  return cidr && networkOf(cidr);
}

/** Of a name that was read before. */
export const prefixOfName = (name: string): Prefix => name.replace("-", "/") as Prefix;

/** What may be a node's uid, a network or a container. */
export const isName = (text: string | undefined): text is string =>
  text !== undefined && namePattern.test(text);

type Names = readonly string[];

const readers: Readonly<Record<KeyKind, (names: Names) => Key | undefined>> = {
  networks: ([network, ...more]) =>
    isName(network) && more.length === 0 ? { kind: "networks", network } : undefined,
  vnis: ([text = "", ...more]) => {
    const vni = /^[0-9]{1,8}$/.test(text) ? Number(text) : 0;
    return vni > 0 && vni < 2 ** 24 && more.length === 0 ? { kind: "vnis", vni } : undefined;
  },
  nodes: (names) => readUid("nodes", names),
  alive: (names) => readUid("alive", names),
  blocks: ([network, text = "", ...more]) => {
    const cidr = unspellPrefix(text);
    return isName(network) && cidr && more.length === 0 ? { kind: "blocks", network, cidr } : undefined;
  },
  owned: ([uid, network, text = "", ...more]) => {
    const cidr = unspellPrefix(text);
    if (!isName(uid) || !isName(network) || cidr === undefined || more.length > 0) return undefined;
    return { kind: "owned", uid, network, cidr };
  },
  endpoints: ([network, uid, leaf = "", ...more]) => {
    const dot = leaf.indexOf(".");
    const containerId = leaf.slice(0, Math.max(dot, 0)).replaceAll("%2e", ".");
    const ifname = leaf.slice(dot + 1);
    if (!isName(network) || !isName(uid) || !isName(containerId) || more.length > 0) return undefined;
    if (ifname === "" || interfaceNameFault(ifname) !== undefined) return undefined;
    return { kind: "endpoints", network, uid, containerId, ifname };
  },
  ips: ([network, text = "", ...more]) => {
    const ip = parseIp(text);
    return isName(network) && ip && more.length === 0 ? { kind: "ips", network, ip } : undefined;
  },
};

const readUid = (kind: "nodes" | "alive", [uid, ...more]: Names): Key | undefined =>
  isName(uid) && more.length === 0 ? { kind, uid } : undefined;

const forms: Readonly<Record<KeyKind, string>> = {
  networks: "networks/NETWORK",
  vnis: "vnis/VNI, with a number from 1 to 16777215",
  nodes: "nodes/UID",
  alive: "alive/UID",
  blocks: "blocks/NETWORK/ADDRESS-LENGTH",
  owned: "owned/UID/NETWORK/ADDRESS-LENGTH",
  endpoints: "endpoints/NETWORK/UID/CONTAINER.IFNAME",
  ips: "ips/NETWORK/ADDRESS",
};
