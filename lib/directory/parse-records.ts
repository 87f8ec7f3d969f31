/** Values of the directory, read: each is a record, or garbage that says all that is wrong with it. */
import { overlaps, prefixFamily, prefixLength } from "../addr/prefix.ts";
import { type Issue, isObject, report } from "../cni/read.ts";
import { overlayModes } from "../model/switch.ts";
import {
  address,
  type Fields,
  integer,
  type Kind,
  listOf,
  may,
  name,
  need,
  network,
  oneOf,
  or,
  parseFields,
  port,
  truth,
  unicastMac,
  words,
} from "./field.ts";
import { type Garbage, garbage, isGarbage } from "./garbage.ts";
import type { Key } from "./keys.ts";
import type {
  AliveRecord,
  BlockRecord,
  EndpointRecord,
  IpRecord,
  NetworkRecord,
  NodeRecord,
  OwnedRecord,
  VniRecord,
} from "./records.ts";

/** RFC 7348, and what Windows insists on. */
export const defaultUdpPort = 4789;
/** 64 addresses. */
export const defaultBlockBits: NetworkRecord["blockBits"] = { 4: 26, 6: 122 };
const largestInteger = Number.MAX_SAFE_INTEGER;

const shortest = 8;
/** A block has a gateway, and addresses to give. */
const longest: NetworkRecord["blockBits"] = { 4: 30, 6: 126 };

/** As the configuration has it: one number, of the family that it fits. */
const blockBits: Kind<NetworkRecord["blockBits"]> = {
  expected: `an integer from ${shortest} to ${longest[6]} (above ${longest[4]} of IPv6 alone), or one for each family`,
  read: (value) => {
    if (typeof value === "number") return blockBits.read({ [value > longest[4] ? 6 : 4]: value });
    if (!isObject(value)) return undefined;
    const four = integer(shortest, longest[4]).read(value["4"] ?? defaultBlockBits[4]);
    const six = integer(shortest, longest[6]).read(value["6"] ?? defaultBlockBits[6]);
    return four === undefined || six === undefined ? undefined : { 4: four, 6: six };
  },
};

const networkFields: Fields<NetworkRecord> = {
  vni: may(integer(1, 2 ** 24 - 1)),
  mode: need(oneOf(...overlayModes)),
  cidrs: need(listOf(network, 1)),
  blockBits: or(defaultBlockBits, blockBits),
  udpPort: or(defaultUdpPort, port),
  gatewayMac: may(unicastMac),
};

const nodeFields: Fields<NodeRecord> = {
  uid: need(name),
  name: need(name),
  epoch: need(integer(0, largestInteger)),
  vtep: may(address),
  mac: may(unicastMac),
  // Every IPv4 host takes 576 bytes (RFC 791 3.1): one node shall not make all others send crumbs.
  mtu: may(integer(576, 65535)),
  udpPort: or(defaultUdpPort, port),
  bootId: may(words),
  wgPublicKey: may(words),
  platform: need(words),
  features: may(listOf(words, 0)),
};

const aliveFields: Fields<AliveRecord> = {
  bootId: need(words),
  agent: may(words),
  sinceMs: need(integer(0, largestInteger)),
};

const blockFields: Fields<BlockRecord> = {
  owner: may(name),
  epoch: or(0, integer(0, largestInteger)),
  reserved: may(truth),
};

const endpointFields: Fields<EndpointRecord> = { ips: need(listOf(address, 1)), mac: need(unicastMac) };
const ipFields: Fields<IpRecord> = { node: need(name), container: need(name), ifname: need(words) };

export const parseNetworkRecord = (text: string): NetworkRecord | Garbage =>
  parseFields(text, networkFields, checkNetwork);
export const parseVniRecord = (text: string): VniRecord | Garbage =>
  parseFields<VniRecord>(text, { network: need(name) });
export const parseNodeRecord = (text: string): NodeRecord | Garbage =>
  parseFields(text, nodeFields, checkNode);
export const parseAliveRecord = (text: string): AliveRecord | Garbage => parseFields(text, aliveFields);
export const parseBlockRecord = (text: string): BlockRecord | Garbage =>
  parseFields(text, blockFields, checkBlock);
export const parseOwnedRecord = (text: string): OwnedRecord | Garbage => parseFields<OwnedRecord>(text, {});
export const parseEndpointRecord = (text: string): EndpointRecord | Garbage =>
  parseFields(text, endpointFields);
export const parseIpRecord = (text: string): IpRecord | Garbage => parseFields(text, ipFields);

/** Reads the value of any key. A record that is at another's place is garbage. */
export function parseRecord(key: Key, text: string): object {
  switch (key.kind) {
    case "networks":
      return parseNetworkRecord(text);
    case "vnis":
      return parseVniRecord(text);
    case "nodes": {
      const node = parseNodeRecord(text);
      if (isGarbage(node) || node.uid === key.uid) return node;
      return garbage(`uid: it is ${node.uid}, at the place of ${key.uid}`);
    }
    case "alive":
      return parseAliveRecord(text);
    case "blocks":
      return parseBlockRecord(text);
    case "owned":
      return parseOwnedRecord(text);
    case "endpoints":
      return parseEndpointRecord(text);
    case "ips":
      return parseIpRecord(text);
  }
}

/** What is on the underlay has all of it. */
function checkNode({ vtep, mac, mtu }: NodeRecord, issues: Issue[]): void {
  const tunnel = { vtep, mac, mtu };
  const absent = Object.entries(tunnel).filter(([, value]) => value === undefined);
  if (absent.length === 3) return;
  for (const [field] of absent) report(issues, field, "a value, as vtep, mac and mtu go together", undefined);
}

function checkBlock({ owner, reserved }: BlockRecord, issues: Issue[]): void {
  if (owner === undefined && !reserved) report(issues, "owner", "a node's uid, or reserved: true", owner);
}

function checkNetwork({ cidrs, blockBits }: NetworkRecord, issues: Issue[]): void {
  for (const [i, cidr] of cidrs.entries()) {
    const length = blockBits[prefixFamily(cidr)];
    if (length < prefixLength(cidr)) report(issues, "blockBits", `the length of a part of ${cidr}`, length);
    const twice = cidrs.slice(0, i).find((earlier) => overlaps(earlier, cidr));
    if (twice !== undefined) report(issues, `cidrs[${i}]`, `one that does not overlap ${twice}`, cidr);
  }
}
