/** Configuration of an overlay network: defaults, units, and what belongs together. Pure. */
import validate from "#schema/overlay";
import { type Family, type Ip, ipFamily, parseIp } from "../../lib/addr/ip.ts";
import { isUnicastMac, type Mac, parseMac } from "../../lib/addr/mac.ts";
import { type Prefix, prefixFamily } from "../../lib/addr/prefix.ts";
import { anyShape, listShape } from "../../lib/cni/keys.ts";
import { type Issue, type JsonObject, report, throwIssues } from "../../lib/cni/read.ts";
import type { DirectoryConfig } from "../../lib/directory/config.ts";
import { listedPrefixes } from "../../lib/hcn/lists.ts";
import { foldHosted, type HostedConfig, type Requested, readHostedConfig } from "../../lib/hosted/config.ts";
import type { OverlayMode } from "../../lib/model/switch.ts";
import { directoryShape, type RawDirectory, readDirectory } from "./directory.ts";

export interface OverlayConfig extends HostedConfig {
  /** VXLAN network identifier: HCN's VSID. */
  readonly vni: number;
  readonly mode: OverlayMode;
  /** UDP. */
  readonly udpPort: number;
  /** The host's address on the underlay; absent: the uplink's first one, IPv4 before IPv6. */
  readonly vtep?: Ip;
  /** Of the tunnel; absent: derived from the address. */
  readonly vtepMac?: Mac;
  /** What of the network this host's containers have addresses of, where the configuration says it beside the ipam. */
  readonly subnets: readonly Prefix[];
  /** The network's addresses on all hosts, where the configuration names them. */
  readonly cidrs: readonly Prefix[];
  /** Length of the blocks that hosts claim of them, by family. */
  readonly blockBits: Readonly<Record<Family, number>>;
  /** In the mode `stretched`: frames to all, and to MACs that nobody knows, are sent to every host. */
  readonly flood: boolean;
  /** The uplink's hardware makes checksums; false where it makes wrong ones. */
  readonly txChecksumOffload: boolean;
  readonly directory: DirectoryConfig;
}

/** IANA's, and the only one that Windows hosts had before HNS 10.3. */
const vxlanPort = 4789;
/** The Linux kernel's own, from before there was one of IANA: flannel's default. */
const kernelPort = 8472;
/** Below are ids that Windows keeps for VLANs; above are more than its type of a subnet's policy holds. */
const vsid = { first: 4096, last: 65_535 };

const shape = {
  vni: anyShape,
  mode: anyShape,
  subnet: anyShape,
  subnets: listShape(anyShape),
  cidrs: listShape(anyShape),
  blockBits: anyShape,
  udpPort: anyShape,
  vtep: anyShape,
  vtepMac: anyShape,
  strict: anyShape,
  flood: anyShape,
  txChecksumOffload: anyShape,
  directory: directoryShape,
};

interface RawOverlay {
  readonly vni?: number;
  readonly mode?: OverlayMode;
  readonly subnet?: string;
  readonly subnets?: readonly string[];
  readonly cidrs?: readonly string[];
  readonly blockBits?: number;
  readonly udpPort?: number;
  readonly vtep?: string;
  readonly vtepMac?: string;
  readonly strict?: boolean;
  readonly flood?: boolean;
  readonly txChecksumOffload?: boolean;
  readonly directory?: RawDirectory;
}

/**
 * @param runtime comes from the runtime, not from the configuration
 * @throws {CniError} 7 with every fault, 2 for a misspelt key or a policy that is not supported
 */
export function parseOverlayConfig(given: JsonObject, runtime: Requested): OverlayConfig {
  const config = foldHosted(given, { shape, validate });
  const raw = config as RawOverlay;
  const issues: Issue[] = [];
  const mode = raw.mode ?? "routed";
  const vtep = raw.vtep === undefined ? undefined : readAddress(raw.vtep, issues);
  const vtepMac = raw.vtepMac === undefined ? undefined : readMac(raw.vtepMac, "vtepMac", issues);
  const directory = readDirectory(raw.directory, mode, issues);
  const subnets = listedPrefixes(
    [...(raw.subnet === undefined ? [] : [raw.subnet]), ...(raw.subnets ?? [])],
    "subnets",
    issues,
  );
  const cidrs = listedPrefixes(raw.cidrs, "cidrs", issues);
  const vni = readVni(raw, issues);
  if (raw.flood && mode !== "stretched") report(issues, "flood", '"mode": "stretched" beside it', true);
  if (directory?.type === "etcd" && mode === "routed" && cidrs.length === 0)
    report(
      issues,
      "cidrs",
      'the network\'s addresses, such as ["10.40.0.0/16"], of which hosts claim blocks',
      raw.cidrs,
    );
  if (vtep !== undefined && directory?.type === "static")
    requireFamily(
      vtep,
      directory.peers.map((peer) => peer.vtep),
      issues,
    );
  const blockBits = readBlockBits(raw.blockBits, cidrs, issues);
  const hosted = readHostedConfig(config, runtime, issues);
  throwIssues(issues);
  if (vni === undefined || directory === undefined) throw new Error("an issue was not thrown");
  return {
    ...hosted,
    vni,
    mode,
    udpPort: raw.udpPort ?? (directory.type === "flannel" ? kernelPort : vxlanPort),
    ...(vtep === undefined ? {} : { vtep }),
    ...(vtepMac === undefined ? {} : { vtepMac }),
    subnets,
    cidrs,
    blockBits,
    flood: raw.flood ?? false,
    txChecksumOffload: raw.txChecksumOffload ?? true,
    directory,
  };
}

function readVni({ vni, strict = true }: RawOverlay, issues: Issue[]): number | undefined {
  const wanted = `${vsid.first} to ${vsid.last}, as Windows hosts have them; others with "strict": false`;
  if (vni === undefined) return report(issues, "vni", `the network's number, ${wanted}`, vni);
  if (strict && (vni < vsid.first || vni > vsid.last)) return report(issues, "vni", wanted, vni);
  return vni;
}

function readAddress(text: string, issues: Issue[]): Ip | undefined {
  return parseIp(text) ?? report(issues, "vtep", "an address of this host on the underlay", text);
}

/** @returns undefined after a report */
export function readMac(text: string, path: string, issues: Issue[]): Mac | undefined {
  const parsed = parseMac(text);
  return parsed !== undefined && isUnicastMac(parsed)
    ? parsed
    : report(issues, path, "a unicast MAC such as 0e:2a:c0:00:02:02", text);
}

function requireFamily(vtep: Ip, peers: readonly Ip[], issues: Issue[]): void {
  const other = peers.find((peer) => ipFamily(peer) !== ipFamily(vtep));
  if (other !== undefined)
    report(issues, "directory.peers", `addresses of one family with vtep ${vtep}`, other);
}

/** Blocks of 64 addresses, as far as nothing else is said: one number counts for the family that it fits. */
function readBlockBits(
  bits: number | undefined,
  cidrs: readonly Prefix[],
  issues: Issue[],
): OverlayConfig["blockBits"] {
  const families = new Set(cidrs.map(prefixFamily));
  if (bits !== undefined && bits > 30 && families.has(4) && !families.has(6))
    report(issues, "blockBits", "30 at most: a block has a gateway, and addresses to give", bits);
  return { 4: bits !== undefined && bits <= 30 ? bits : 26, 6: bits !== undefined && bits > 30 ? bits : 122 };
}
