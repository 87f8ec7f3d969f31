/**
 * HCN's policies of a whole overlay network, as Microsoft's `sdnoverlay`, the reference `win-overlay` and flannel on
 * Windows have them in `AdditionalArgs` and `policies`. Pure.
 */
import { type Ip, parseIp } from "../../lib/addr/ip.ts";
import { isUnicastMac, type Mac, parseMac } from "../../lib/addr/mac.ts";
import type { Prefix } from "../../lib/addr/prefix.ts";
import { type Issue, type JsonObject, readInteger, report } from "../../lib/cni/read.ts";
import type { RawPolicy } from "../../lib/hcn/envelope.ts";
import { commaPrefixes } from "../../lib/hcn/lists.ts";
import {
  type NetworkReaders,
  readAdapterName,
  readIsolationId,
  splitNetworkPolicies,
} from "../../lib/hcn/network-policies.ts";
import { eitherOf, isZero, refuseOthers, settingsOf, unsupported } from "../../lib/hcn/settings.ts";

/** One RemoteSubnetRoute: addresses of the network that another host has. */
export interface RemoteSubnet {
  /** Where it stands. */
  readonly at: string;
  readonly vtep: Ip;
  readonly subnet: Prefix;
  /** Absent: as it follows from the address. */
  readonly mac?: Mac;
}

/** What the policies say, each as often as it is said. */
export interface OverlayPolicies {
  readonly uplinks: readonly string[];
  readonly vnis: readonly number[];
  readonly udpPorts: readonly number[];
  readonly vteps: readonly Ip[];
  readonly vtepMacs: readonly Mac[];
  readonly routes: readonly RemoteSubnet[];
}

type Said = Partial<OverlayPolicies>;

/** What a VNI may be at all (RFC 7348 5); which of them are taken without a further word, config.ts says. */
const vniLimits = { min: 1, max: 0xff_ffff };

const providerAddress = (raw: RawPolicy, issues: Issue[]): Said => {
  const settings = settingsOf(raw, ["ProviderAddress", "PA"]);
  const { value, path } = eitherOf(settings, "ProviderAddress", "PA", raw, issues);
  return { vteps: listOf(readIp(value, path, "an address of this host on the underlay", issues)) };
};

const readers: NetworkReaders<Said> = {
  NetAdapterName: (raw, issues) => ({ uplinks: listOf(readAdapterName(raw, issues)) }),
  VSID: (raw, issues) => ({ vnis: listOf(readVsid(raw, issues)) }),
  VxlanPort(raw, issues) {
    const { Port } = settingsOf(raw, ["Port"]);
    const limits = { min: 1, max: 65_535 };
    if (isZero(Port)) report(issues, `${raw.at}.Port`, "an integer from 1 to 65535", Port);
    return { udpPorts: isZero(Port) ? [] : listOf(readInteger(Port, `${raw.at}.Port`, issues, limits)) };
  },
  ProviderAddress: providerAddress,
  // Of HNS v1.
  PA: providerAddress,
  DrMacAddress(raw, issues) {
    const { Address } = settingsOf(raw, ["Address"]);
    return { vtepMacs: listOf(readRouterMac(Address, `${raw.at}.Address`, issues)) };
  },
  RemoteSubnetRoute: readRemoteSubnet,
  HostRoute(raw) {
    refuseOthers(
      raw.settings,
      [],
      raw.at,
      "HostRoute has no settings: host and containers always reach each other",
    );
    return {};
  },
  SDNRoute: readEncapRoute,
  // Of HNS v1.
  ROUTE: readEncapRoute,
};

/**
 * @param config already folded
 * @returns what the network's policies say, and the two lists with the policies of ports alone
 * @throws {CniError} 2 for what an overlay network does not have
 */
export function readOverlayPolicies(
  config: JsonObject,
  issues: Issue[],
): OverlayPolicies & { readonly ofPorts: JsonObject } {
  const [asked, policies] = ["AdditionalArgs", "policies"].map((key) =>
    splitNetworkPolicies(config[key], key, readers, issues, ["OutBoundNAT"]),
  );
  const found = [...(asked?.found ?? []), ...(policies?.found ?? [])];
  return {
    uplinks: found.flatMap(({ uplinks = [] }) => uplinks),
    vnis: found.flatMap(({ vnis = [] }) => vnis),
    udpPorts: found.flatMap(({ udpPorts = [] }) => udpPorts),
    vteps: found.flatMap(({ vteps = [] }) => vteps),
    vtepMacs: found.flatMap(({ vtepMacs = [] }) => vtepMacs),
    routes: found.flatMap(({ routes = [] }) => routes),
    ofPorts: { AdditionalArgs: asked?.rest, policies: policies?.rest },
  };
}

/** VSID, whose field has another name in HNS v1. @returns undefined after a report */
export function readVsid(raw: RawPolicy, issues: Issue[]): number | undefined {
  const settings = settingsOf(raw, ["IsolationId", "VSID"]);
  const { value, path } = eitherOf(settings, "IsolationId", "VSID", raw, issues);
  return readIsolationId(value, path, vniLimits, issues);
}

function readRemoteSubnet(raw: RawPolicy, issues: Issue[]): Said {
  const names = ["DestinationPrefix", "IsolationId", "ProviderAddress", "DistributedRouterMacAddress"];
  const { DestinationPrefix, IsolationId, ProviderAddress, DistributedRouterMacAddress } = settingsOf(
    raw,
    names,
  );
  const at = (name: string): string => `${raw.at}.${name}`;
  const vni = readIsolationId(IsolationId, at("IsolationId"), vniLimits, issues);
  const vtep = readIp(
    ProviderAddress,
    at("ProviderAddress"),
    "an address of another host on the underlay",
    issues,
  );
  const [subnet, second] = commaPrefixes(DestinationPrefix, at("DestinationPrefix"), issues);
  if (subnet === undefined || second !== undefined)
    report(issues, at("DestinationPrefix"), "one prefix such as 10.40.2.0/24", DestinationPrefix);
  const mac = isZero(DistributedRouterMacAddress)
    ? undefined
    : readRouterMac(DistributedRouterMacAddress, at("DistributedRouterMacAddress"), issues);
  const vnis = listOf(vni);
  if (vtep === undefined || subnet === undefined) return { vnis };
  return { vnis, routes: [{ at: raw.at, vtep, subnet, ...(mac === undefined ? {} : { mac }) }] };
}

/**
 * SDNRoute with NeedEncap: what is for a prefix goes to the host, which decides where to. Beyond their own subnet all
 * packets of containers do.
 *
 * @throws {CniError} 2 for any other route
 */
function readEncapRoute(raw: RawPolicy, issues: Issue[]): Said {
  const names = ["DestinationPrefix", "NextHop", "NeedEncap"];
  const { DestinationPrefix, NextHop, NeedEncap } = settingsOf(raw, names, ["AutomaticEndpointMonitor"]);
  const path = `${raw.at}.DestinationPrefix`;
  if (commaPrefixes(DestinationPrefix, path, issues).length === 0)
    report(issues, path, "a prefix such as 10.96.0.0/12", DestinationPrefix);
  if (NeedEncap === true && isZero(NextHop)) return {};
  const [name, value] = isZero(NextHop) ? ["NeedEncap", NeedEncap] : ["NextHop", NextHop];
  throw unsupported(
    `${raw.at}.${name}`,
    value,
    "SDNRoute with NeedEncap is always so here, and other routes of containers stand in ipam.routes",
  );
}

function readIp(value: unknown, path: string, expected: string, issues: Issue[]): Ip | undefined {
  const address = typeof value === "string" ? parseIp(value) : undefined;
  return address ?? report(issues, path, expected, value);
}

function readRouterMac(value: unknown, path: string, issues: Issue[]): Mac | undefined {
  const parsed = typeof value === "string" ? parseMac(value) : undefined;
  if (parsed !== undefined && isUnicastMac(parsed)) return parsed;
  return report(issues, path, "a unicast MAC such as 00-15-5D-01-02-03", value);
}

const listOf = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);
