/**
 * The key `config` of flannel's etcd directory: which addresses its hosts share out, and how they reach each other.
 *
 * Sources: flannel pkg/subnet/config.go and pkg/backend/vxlan/vxlan.go. Go's JSON reader takes field names in any case.
 */
import { type Family, familyBits, type Ip, ipFromNumber, ipNumber, parseIp } from "../addr/ip.ts";
import {
  bounds,
  contains,
  networkOf,
  type Prefix,
  parsePrefix,
  prefixFamily,
  prefixLength,
} from "../addr/prefix.ts";
import { CniError } from "../cni/error.ts";
import { parseJsonObject } from "../cni/json.ts";
import {
  formatIssue,
  type Issue,
  isObject,
  type JsonObject,
  readBoolean,
  readInteger,
  readObject,
  readString,
  report,
} from "../cni/read.ts";
import { type Garbage, garbage } from "./garbage.ts";

export interface FlannelConfig {
  /** One for each family that is enabled; at least one. */
  readonly pools: Readonly<Partial<Record<Family, FlannelPool>>>;
  /** "vxlan" is the one that we speak. */
  readonly backend: string;
  readonly vni: number;
  readonly udpPort: number;
  /** Of the underlay, where flannel does not go by the interface's; in bytes. */
  readonly underlayMtu?: number;
  /** Hosts of one link send to each other without a tunnel. */
  readonly directRouting: boolean;
  /** Frames bear a policy group, which our tunnel does not take. */
  readonly gbp: boolean;
}

export interface FlannelPool {
  readonly network: Prefix;
  readonly subnetLen: number;
  /** First and last subnet that hosts may take. */
  readonly min: Ip;
  readonly max: Ip;
}

/** What a Linux kernel takes when nobody says a port: older than IANA's. */
const kernelPort = 8472;

/** An object with its field names in lower case. */
export const lowerKeys = (object: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name.toLowerCase(), value]));

/** Reads a value's object, its field names in lower case, by `read`. */
export function parseFlannelValue<T>(
  text: string,
  read: (json: JsonObject, issues: Issue[]) => T | undefined,
): T | Garbage {
  const issues: Issue[] = [];
  try {
    const value = read(lowerKeys(parseJsonObject(text, "the value")), issues);
    if (value !== undefined && issues.length === 0) return value;
  } catch (error) {
    if (error instanceof CniError) return garbage(error.message);
    throw error;
  }
  return garbage(...issues.map(formatIssue));
}

export const parseFlannelConfig = (text: string): FlannelConfig | Garbage =>
  parseFlannelValue(text, readConfig);

function readConfig(json: JsonObject, issues: Issue[]): FlannelConfig {
  const four = readBoolean(json.enableipv4, "EnableIPv4", issues) ?? true;
  const six = readBoolean(json.enableipv6, "EnableIPv6", issues) ?? false;
  const pool4 = four ? readPool(json, 4, issues) : undefined;
  const pool6 = six ? readPool(json, 6, issues) : undefined;
  if (!four && !six) report(issues, "EnableIPv4", "one of EnableIPv4 and EnableIPv6", false);
  const backend = lowerKeys(readObject(json.backend, "Backend", issues) ?? {});
  const range = (max: number, min = 0) => ({ min, max });
  const port = readInteger(backend.port, "Backend.Port", issues, range(65535)) ?? 0;
  const mtu = readInteger(backend.mtu, "Backend.MTU", issues, range(65535)) ?? 0;
  return {
    pools: { ...(pool4 && { 4: pool4 }), ...(pool6 && { 6: pool6 }) },
    backend: readString(backend.type, "Backend.Type", issues) ?? (isObject(json.backend) ? "" : "udp"),
    vni: readInteger(backend.vni, "Backend.VNI", issues, range(2 ** 24 - 1, 1)) ?? 1,
    udpPort: port === 0 ? kernelPort : port,
    ...(mtu === 0 ? {} : { underlayMtu: mtu }),
    directRouting: readBoolean(backend.directrouting, "Backend.DirectRouting", issues) ?? false,
    gbp: readBoolean(backend.gbp, "Backend.GBP", issues) ?? false,
  };
}

interface Limits {
  readonly word: "" | "IPv6";
  /** Smallest network, longest subnet, and how long a subnet is in a network that is large enough. */
  readonly smallest: number;
  readonly longest: number;
  readonly usual: number;
}

const limits: Readonly<Record<Family, Limits>> = {
  4: { word: "", smallest: 28, longest: 30, usual: 24 },
  6: { word: "IPv6", smallest: 124, longest: 126, usual: 64 },
};

function readPool(json: JsonObject, family: Family, issues: Issue[]): FlannelPool | undefined {
  const { word, smallest, longest, usual } = limits[family];
  const field = (name: string): unknown => json[`${word}${name}`.toLowerCase()];
  const text = readString(field("Network"), `${word}Network`, issues) ?? "";
  const given = parsePrefix(text);
  if (given === undefined || prefixFamily(given) !== family)
    return report(issues, `${word}Network`, `an IPv${family} network as ADDRESS/LENGTH`, text);
  const network = networkOf(given);
  const length = prefixLength(network);
  if (length > smallest) return report(issues, `${word}Network`, `a network of /${smallest} or larger`, text);
  const bounded = { min: 0, max: longest };
  const wanted = readInteger(field("SubnetLen"), `${word}SubnetLen`, issues, bounded) ?? 0;
  if (wanted !== 0 && wanted < length + 2)
    return report(issues, `${word}SubnetLen`, `at least four subnets in ${network}`, wanted);
  const subnetLen = wanted !== 0 ? wanted : length <= usual - 2 ? usual : length + 2;
  const size = 1n << BigInt(familyBits(family) - subnetLen);
  const { first, last } = bounds(network);
  const edge = (name: "SubnetMin" | "SubnetMax", otherwise: bigint): Ip => {
    const value = readString(field(name), `${word}${name}`, issues) ?? "";
    const ip = parseIp(value);
    // Go's zero value means that nothing was said.
    if (value === "" || value === "0.0.0.0" || value === "::") return ipFromNumber(family, otherwise);
    if (ip !== undefined && contains(network, ip) && ipNumber(ip) % size === 0n) return ip;
    report(issues, `${word}${name}`, `the first address of a /${subnetLen} in ${network}`, value);
    return ipFromNumber(family, otherwise);
  };
  // The first subnet has the network's own address: it is left out.
  const min = edge("SubnetMin", first + size);
  const max = edge("SubnetMax", last - size + 1n);
  if (ipNumber(min) > ipNumber(max)) report(issues, `${word}SubnetMax`, `an address behind ${min}`, max);
  return { network, subnetLen, min, max };
}
