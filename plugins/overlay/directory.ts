/** `directory`: where a host learns of the others. Pure. */
import { type Ip, ipFamily, ipFromNumber, parseIp } from "../../lib/addr/ip.ts";
import { isUnicastMac, parseMac } from "../../lib/addr/mac.ts";
import { bounds, type Prefix, prefixFamily } from "../../lib/addr/prefix.ts";
import { anyShape, flatShape, listShape, objectShape } from "../../lib/cni/keys.ts";
import { type Issue, report } from "../../lib/cni/read.ts";
import type { DirectoryConfig } from "../../lib/directory/config.ts";
import { accessShape, defaultRoot, type RawAccess, readAccess } from "../../lib/directory/read-access.ts";
import { listedPrefixes } from "../../lib/hcn/lists.ts";
import type { Peer, RemoteEndpoint } from "../../lib/model/peer.ts";
import type { OverlayMode } from "../../lib/model/switch.ts";
import { vtepMac } from "../../lib/model/vtep.ts";
import { type DirectoryWord, spelledOut } from "./directory-word.ts";

export const directoryShape = objectShape({
  type: anyShape,
  peers: listShape(flatShape("node", "vtep", "mac", "subnets", "endpoints", "mtu")),
  ...accessShape,
});

interface RawPeer {
  readonly node?: string;
  readonly vtep: string;
  readonly mac?: string;
  readonly subnets?: readonly string[];
  /** One address or range, or one of each family for containers that have both. */
  readonly endpoints?: readonly (string | readonly string[])[];
  readonly mtu?: number;
}

export interface RawDirectory extends RawAccess {
  readonly type: DirectoryConfig["type"];
  readonly peers?: readonly RawPeer[];
}

/** Where the records are when nobody says it: ours, and flannel's own default. */
const prefixes = { etcd: defaultRoot, flannel: "/coreos.com/network" } as const;

/** @param raw of the right types. @returns undefined after a report */
export function readDirectory(
  said: RawDirectory | DirectoryWord | undefined,
  mode: OverlayMode,
  issues: Issue[],
): DirectoryConfig | undefined {
  const raw = spelledOut(said) as RawDirectory | undefined;
  if (raw === undefined || typeof raw !== "object")
    return report(
      issues,
      "directory",
      '{"type": "static", "peers": [...]}, or of type etcd or flannel; "flannel"; or RemoteSubnetRoute policies',
      raw,
    );
  if (raw.type === "static") return { type: "static", peers: readPeers(raw, mode, issues) };
  if (raw.peers !== undefined)
    report(issues, "directory.peers", 'nothing beside "type": "static"', raw.peers);
  if (raw.type === "flannel" && mode === "stretched")
    report(issues, "mode", "routed, as flannel has it", mode);
  return { type: raw.type, ...readAccess(raw, "directory", prefixes[raw.type], issues) };
}

function readPeers({ peers = [] }: RawDirectory, mode: OverlayMode, issues: Issue[]): readonly Peer[] {
  const read = peers.flatMap((peer, i) => readPeer(peer, mode, `directory.peers[${i}]`, issues) ?? []);
  refuseTwice(read, "vtep", ({ vtep }) => vtep, issues);
  refuseTwice(read, "mac", ({ mac }) => mac, issues);
  const [first] = read;
  const other = read.find(({ vtep }) => first !== undefined && ipFamily(vtep) !== ipFamily(first.vtep));
  if (other !== undefined)
    report(issues, "directory.peers", `one underlay: the family of ${first?.vtep}`, other.vtep);
  return read;
}

function readPeer(raw: RawPeer, mode: OverlayMode, at: string, issues: Issue[]): Peer | undefined {
  const vtep = parseIp(raw.vtep) ?? report(issues, `${at}.vtep`, "an address on the underlay", raw.vtep);
  const subnets = listedPrefixes(raw.subnets, `${at}.subnets`, issues);
  const ranges = raw.endpoints ?? [];
  const parsed = raw.mac === undefined ? undefined : parseMac(raw.mac);
  if (raw.mac !== undefined && (parsed === undefined || !isUnicastMac(parsed)))
    report(issues, `${at}.mac`, "a unicast MAC such as 0e:2a:c0:00:02:02", raw.mac);
  if (mode === "routed" && ranges.length > 0)
    report(issues, `${at}.endpoints`, 'nothing in mode routed: "subnets" say it', raw.endpoints);
  if (mode === "stretched" && subnets.length > 0)
    report(
      issues,
      `${at}.subnets`,
      'nothing in mode stretched: "endpoints" are single addresses',
      raw.subnets,
    );
  if (vtep === undefined) return undefined;
  return {
    node: raw.node ?? vtep,
    vtep,
    mac: parsed ?? vtepMac(vtep),
    subnets,
    endpoints: ranges.flatMap((range, i) => endpointsOf(range, `${at}.endpoints[${i}]`, issues)),
    ...(raw.mtu === undefined ? {} : { mtu: raw.mtu }),
  };
}

/** Each of them is a row of the kernel's tables on every host. */
const mostEndpoints = 4096;

/**
 * A container's MAC follows from its address, of two from the IPv4 one, so that a range of them is known before they are
 * there. Of ranges of both families the first addresses belong to one container, the second ones to the next.
 */
function endpointsOf(
  given: string | readonly string[],
  path: string,
  issues: Issue[],
): readonly RemoteEndpoint[] {
  const ranges = listedPrefixes(typeof given === "string" ? [given] : given, path, issues).toSorted(
    (a, b) => prefixFamily(a) - prefixFamily(b),
  );
  const [range, other] = ranges;
  if (range === undefined) return [];
  const count = sizeOf(range);
  if (count > mostEndpoints) {
    report(issues, path, `ranges of ${mostEndpoints} addresses at most`, range);
    return [];
  }
  if (other !== undefined && (prefixFamily(other) === prefixFamily(range) || sizeOf(other) !== count)) {
    report(issues, path, `as many IPv6 addresses as ${range} has, of the same containers`, other);
    return [];
  }
  return Array.from({ length: Number(count) }, (_, i) => {
    const addresses = ranges.map((one) => ipFromNumber(prefixFamily(one), bounds(one).first + BigInt(i)));
    return { addresses, mac: vtepMac(addresses[0] as Ip) };
  });
}

function sizeOf(range: Prefix): bigint {
  const { first, last } = bounds(range);
  return last - first + 1n;
}

function refuseTwice(
  peers: readonly Peer[],
  what: string,
  of: (peer: Peer) => string,
  issues: Issue[],
): void {
  const seen = new Set<string>();
  for (const peer of peers) {
    if (seen.has(of(peer))) report(issues, "directory.peers", `one peer with ${what} ${of(peer)}`, "two");
    seen.add(of(peer));
  }
}
