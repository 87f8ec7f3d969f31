/**
 * What a host of flannel's has, in etcd: the key is its subnet, the value how it is reached.
 *
 * ```
 * subnets/10.5.52.0-24                  {"PublicIP":"192.168.64.3","PublicIPv6":null,"BackendType":"vxlan",
 *                                        "BackendData":{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44"}}
 * subnets/10.5.52.0-24&fd00:5:52::-64   and "BackendV6Data" beside it: each family has a tunnel of its own
 * ```
 *
 * Sources: flannel pkg/subnet/subnet.go (keys), pkg/lease/lease.go and pkg/backend/vxlan/vxlan_network.go (values).
 */
import { type Family, type Ip, ipFamily, isUnspecified, parseIp } from "../addr/ip.ts";
import { isUnicastMac, type Mac, parseMac } from "../addr/mac.ts";
import { type Prefix, prefixFamily } from "../addr/prefix.ts";
import { type Issue, isObject, type JsonObject, readInteger, readString, report } from "../cni/read.ts";
import { lowerKeys, parseFlannelValue } from "./flannel-config.ts";
import { type Garbage, garbage } from "./garbage.ts";
import { spellPrefix, unspellPrefix } from "./keys.ts";

type ByFamily<T> = Readonly<Partial<Record<Family, T>>>;

export interface FlannelTunnel {
  readonly vtep: Ip;
  readonly mac: Mac;
  /** The lower 16 bits of it; flannel of long ago did not say. */
  readonly vni?: number;
}

export interface FlannelLease {
  readonly subnets: ByFamily<Prefix>;
  /** Of hosts with the backend vxlan. */
  readonly tunnels: ByFamily<FlannelTunnel>;
  readonly backend: string;
}

/** Flannel's type for it is of 16 bits. */
export const flannelVni = (vni: number): number => vni % 2 ** 16;

/** The name below `subnets/`. */
export function formatFlannelSubnets(subnets: FlannelLease["subnets"]): string {
  // A host without IPv4 has Go's zero value in its place.
  const four = subnets[4] === undefined ? "0.0.0.0-0" : spellPrefix(subnets[4]);
  return subnets[6] === undefined ? four : `${four}&${spellPrefix(subnets[6])}`;
}

export function parseFlannelSubnets(text: string): FlannelLease["subnets"] | Garbage {
  const [first = "", second, ...more] = text.split("&");
  const four = unspellPrefix(first);
  const six = second === undefined ? undefined : unspellPrefix(second);
  const isOk = four !== undefined && prefixFamily(four) === 4 && more.length === 0;
  if (!isOk || (second !== undefined && (six === undefined || prefixFamily(six) !== 6)))
    return garbage("the key is not subnets/ADDRESS-LENGTH or subnets/ADDRESS-LENGTH&ADDRESS6-LENGTH");
  return { ...(four === "0.0.0.0/0" ? {} : { 4: four }), ...(six && { 6: six }) };
}

/** The value, as flannel writes it. */
export function formatFlannelLease({ tunnels }: Pick<FlannelLease, "tunnels">): string {
  const data = (tunnel: FlannelTunnel | undefined) =>
    tunnel && { VNI: flannelVni(tunnel.vni ?? 1), VtepMAC: tunnel.mac };
  return JSON.stringify({
    PublicIP: tunnels[4]?.vtep ?? "0.0.0.0",
    PublicIPv6: tunnels[6]?.vtep ?? null,
    BackendType: "vxlan",
    BackendData: data(tunnels[4]),
    BackendV6Data: data(tunnels[6]),
  });
}

/** @param subnets of its key */
export function parseFlannelLease(subnets: FlannelLease["subnets"], text: string): FlannelLease | Garbage {
  return parseFlannelValue(text, (json, issues) => {
    const backend = readString(json.backendtype, "BackendType", issues) ?? "";
    if (backend !== "vxlan") return { subnets, tunnels: {}, backend };
    const four = readTunnel(json, 4, issues);
    const six = readTunnel(json, 6, issues);
    if (four === undefined && six === undefined && issues.length === 0)
      report(issues, "BackendData", "VNI and VtepMAC of a tunnel", json.backenddata);
    return { subnets, tunnels: { ...(four && { 4: four }), ...(six && { 6: six }) }, backend };
  });
}

/** @returns undefined where the host has none of the family, or after a report */
function readTunnel(json: JsonObject, family: Family, issues: Issue[]): FlannelTunnel | undefined {
  const [ipName, dataName] = family === 4 ? ["PublicIP", "BackendData"] : ["PublicIPv6", "BackendV6Data"];
  const text = readString(json[ipName.toLowerCase()], ipName, issues);
  const vtep = text === undefined ? undefined : parseIp(text);
  if (text !== undefined && (vtep === undefined || ipFamily(vtep) !== family))
    return report(issues, ipName, `an IPv${family} address`, text);
  const given = json[dataName.toLowerCase()];
  if (vtep === undefined || isUnspecified(vtep) || given === undefined || given === null) return undefined;
  if (!isObject(given)) return report(issues, dataName, "an object", given);
  const data = lowerKeys(given);
  const bounds = { min: 0, max: 2 ** 24 - 1 };
  const vni = readInteger(data.vni, `${dataName}.VNI`, issues, bounds);
  const mac = parseMac(readString(data.vtepmac, `${dataName}.VtepMAC`, issues) ?? "");
  if (mac === undefined || !isUnicastMac(mac))
    return report(issues, `${dataName}.VtepMAC`, "a unicast MAC address", data.vtepmac);
  return { vtep, mac, ...(vni === undefined ? {} : { vni }) };
}
