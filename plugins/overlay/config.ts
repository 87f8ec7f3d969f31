/** Configuration of an overlay network: defaults, units, and what belongs together. Pure. */
import validate from "#schema/overlay";
import type { Family, Ip } from "../../lib/addr/ip.ts";
import type { Mac } from "../../lib/addr/mac.ts";
import type { Prefix } from "../../lib/addr/prefix.ts";
import { anyShape, listShape } from "../../lib/cni/keys.ts";
import { type Issue, type JsonObject, report, throwIssues } from "../../lib/cni/read.ts";
import type { DirectoryConfig } from "../../lib/directory/config.ts";
import { readBlockBits } from "../../lib/directory/read-block-bits.ts";
import { listedPrefixes } from "../../lib/hcn/lists.ts";
import { sameEverywhere } from "../../lib/hcn/network-policies.ts";
import { foldHosted, type HostedConfig, readHostedConfig } from "../../lib/hosted/config.ts";
import type { OverlayMode } from "../../lib/model/switch.ts";
import type { MacPrefix } from "../../lib/model/vtep.ts";
import type { Requested } from "../../lib/planning/requested.ts";
import { directoryShape, type RawDirectory } from "./directory.ts";
import type { DirectoryWord } from "./directory-word.ts";
import type { OverlayPolicies } from "./hcn.ts";
import { readMacPrefix } from "./mac-prefix.ts";
import { readVni, readVtep, readVtepMac } from "./own-keys.ts";
import { readOwnSubnets } from "./own-subnets.ts";
import { readWholeDirectory } from "./static-peers.ts";

const hcn = () => require("./hcn.ts") as typeof import("./hcn.ts");

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
  /** First bytes of containers' MACs; absent: the usual ones. */
  readonly macPrefix?: MacPrefix;
  /** What of the network this host's containers have addresses of, as far as the configuration says it. */
  readonly subnets: readonly Prefix[];
  /** The network's addresses on all hosts, where the configuration names them. */
  readonly cidrs: readonly Prefix[];
  /** Length of the blocks that hosts claim of them, by family. */
  readonly blockBits: Readonly<Record<Family, number>>;
  /** In the mode `stretched`: frames to all, and to MACs that nobody knows, are sent to every host. */
  readonly flood: boolean;
  /** The uplink's hardware makes checksums; false where it makes wrong ones. */
  readonly txChecksumOffload: boolean;
  /** The uplink is a WireGuard interface, and the network's packets take no other way. */
  readonly encrypted: boolean;
  readonly directory: DirectoryConfig;
}

/** IANA's, and the only one that Windows hosts had before HNS 10.3. */
const vxlanPort = 4789;
/** The Linux kernel's own, from before there was one of IANA: flannel's default. */
const kernelPort = 8472;

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
  encryption: anyShape,
  flood: anyShape,
  txChecksumOffload: anyShape,
  endpointMacPrefix: anyShape,
  ipMasqNetwork: anyShape,
  directory: directoryShape,
};

interface RawOverlay {
  readonly vni?: number;
  readonly mode?: OverlayMode;
  readonly cidrs?: readonly string[];
  readonly blockBits?: number;
  readonly udpPort?: number;
  readonly vtep?: string;
  readonly vtepMac?: string;
  readonly strict?: boolean;
  readonly encryption?: "none" | "wireguard";
  readonly flood?: boolean;
  readonly txChecksumOffload?: boolean;
  readonly endpointMacPrefix?: string;
  readonly ipMasqNetwork?: string;
  readonly directory?: RawDirectory | DirectoryWord;
  readonly exceptions?: readonly string[];
  readonly uplink?: string;
  readonly master?: string;
}

const noPolicies: OverlayPolicies = {
  uplinks: [],
  vnis: [],
  udpPorts: [],
  vteps: [],
  vtepMacs: [],
  routes: [],
};

/**
 * @param runtime comes from the runtime, not from the configuration
 * @throws {CniError} 7 with every fault, 2 for a misspelt key or a policy that is not supported
 */
export function parseOverlayConfig(given: JsonObject, runtime: Requested): OverlayConfig {
  const config = foldHosted(given, { shape, validate });
  const raw = config as RawOverlay;
  const issues: Issue[] = [];
  const { ofPorts, ...said } = readPolicies(config, issues);
  const mode = raw.mode ?? "routed";
  const { subnets, vnis } = readOwnSubnets(config, issues);
  const vni = readVni(raw, [...said.vnis, ...vnis], issues);
  const vtep = sameEverywhere("vtep", [readVtep(raw.vtep, issues), ...said.vteps], issues);
  const vtepMac = sameEverywhere("vtepMac", [readVtepMac(raw.vtepMac, issues), ...said.vtepMacs], issues);
  const udpPort = sameEverywhere("udpPort", [raw.udpPort, ...said.udpPorts], issues);
  const uplink = sameEverywhere("uplink", [raw.uplink, raw.master, ...said.uplinks], issues);
  const macPrefix = readMacPrefix(raw.endpointMacPrefix, issues);
  const cidrs = listedPrefixes(raw.cidrs, "cidrs", issues);
  const own = { mode, subnets, vtep, macPrefix };
  const directory = readWholeDirectory(raw.directory, said.routes, own, issues);
  if (raw.flood && mode !== "stretched") report(issues, "flood", '"mode": "stretched" beside it', true);
  if (directory !== undefined && directory.type !== "static" && cidrs.length === 0)
    report(issues, "cidrs", 'the network\'s addresses on all hosts, such as ["10.40.0.0/16"]', raw.cidrs);
  const blockBits = readBlockBits(raw.blockBits, cidrs, "blockBits", issues);
  const { ipMasqNetwork, exceptions = [] } = raw;
  const ofHosted = {
    ...config,
    ...ofPorts,
    ...(uplink === undefined ? {} : { uplink }),
    exceptions: ipMasqNetwork === undefined ? exceptions : [...exceptions, ipMasqNetwork],
  };
  const hosted = readHostedConfig(ofHosted, runtime, issues);
  throwIssues(issues);
  if (vni === undefined || directory === undefined) throw new Error("an issue was not thrown");
  return {
    ...hosted,
    vni,
    mode,
    udpPort: udpPort ?? (directory.type === "flannel" ? kernelPort : vxlanPort),
    ...(vtep === undefined ? {} : { vtep }),
    ...(vtepMac === undefined ? {} : { vtepMac }),
    ...(macPrefix === undefined ? {} : { macPrefix }),
    subnets,
    cidrs,
    blockBits,
    encrypted: raw.encryption === "wireguard",
    flood: raw.flood ?? false,
    txChecksumOffload: raw.txChecksumOffload ?? true,
    directory,
  };
}

/** What HCN's policies say of the network, and the lists without them. */
function readPolicies(
  config: JsonObject,
  issues: Issue[],
): OverlayPolicies & { readonly ofPorts: JsonObject } {
  if (config.policies === undefined && config.AdditionalArgs === undefined)
    return { ...noPolicies, ofPorts: {} };
  return hcn().readOverlayPolicies(config, issues);
}
