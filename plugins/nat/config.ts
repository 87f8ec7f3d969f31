/** Configuration of a nat network: defaults, units, and the shape of Microsoft's `nat` plugin. Pure. */
import validate from "#schema/nat";
import { type Ip, parseIp } from "../../lib/addr/ip.ts";
import type { Mac } from "../../lib/addr/mac.ts";
import type { Prefix } from "../../lib/addr/prefix.ts";
import type { PortMappingRequest, RuntimeConfig } from "../../lib/cni/capability.ts";
import { anyShape, flatShape, foldObject, listShape } from "../../lib/cni/keys.ts";
import { type Issue, isObject, type JsonObject, report, throwIssues } from "../../lib/cni/read.ts";
import { misspeltKeys, schemaIssues } from "../../lib/cni/schema.ts";
import { specifiedKeys } from "../../lib/cni/specified-keys.ts";
import { listedPrefixes } from "../../lib/hcn/lists.ts";
import { type PortConfig, portConfigShape, readPortConfig } from "../../lib/hcn/port-config.ts";
import { unknownKey } from "../../lib/hcn/settings.ts";
import { readVnicConfig, type VnicRequest } from "../../lib/planning/vnic-config.ts";
import { type VnicConfig, vnicConfigShape } from "../../lib/planning/vnic-keys.ts";
import { letPublishedIn } from "./hcn.ts";
import { readReachable, splitOutboundNat } from "./network-config.ts";

export interface NatConfig {
  /** Name of the switch's interface; absent: derived from the network's name. */
  readonly bridge?: string;
  /** Interface whose MTU counts; absent: that of the default route. */
  readonly uplink?: string;
  /** Bytes; absent: the uplink's. */
  readonly mtu?: number;
  readonly masquerade: boolean;
  /** Destinations that see the containers' own addresses. */
  readonly exceptions: readonly Prefix[];
  /** Containers of the network do not reach each other. */
  readonly isolated: boolean;
  /** Which other networks of the host reach its containers: all, or by name. */
  readonly reachable: true | readonly string[];
  /** Of each port: published ports are among its `portMappings`. */
  readonly port: PortConfig;
  readonly vnic: VnicConfig;
  readonly mac?: Mac;
  /** Gateway by Microsoft's `forceBridgeGateway`: the network address with 2 as its last byte. */
  readonly gatewayIsTwo: boolean;
  /** Gateways of `additionalRoutes`, used where the ipam gives none. */
  readonly fallbackGateways: readonly Ip[];
}

const flagNames = [
  "localRoutedPortMapping",
  "allowAclPortMapping",
  "forceBridgeGateway",
  "enableDualStack",
  "loopbackDSR",
  "gatewayFromAdditionalRoutes",
];

/** Own keys in their canonical spelling; the specification's are folded by lib/cni. */
const shape = {
  bridge: anyShape,
  uplink: anyShape,
  master: anyShape,
  mtu: anyShape,
  ipMasq: anyShape,
  exceptions: listShape(anyShape),
  dataDir: anyShape,
  DisableInterComputeCommunication: anyShape,
  reachable: listShape(anyShape),
  ...portConfigShape,
  ...vnicConfigShape,
  optionalFlags: flatShape(...flagNames),
  additionalRoutes: listShape(flatShape("dst", "GW")),
};

interface RawNat {
  readonly bridge?: string;
  readonly uplink?: string;
  readonly master?: string;
  readonly mtu?: number;
  readonly ipMasq?: boolean;
  readonly exceptions?: readonly string[];
  readonly DisableInterComputeCommunication?: boolean;
  readonly optionalFlags?: {
    readonly allowAclPortMapping?: boolean;
    readonly forceBridgeGateway?: boolean;
    readonly gatewayFromAdditionalRoutes?: boolean;
  };
  readonly additionalRoutes?: readonly { readonly dst?: string; readonly GW?: string }[];
}

/** What the runtime asked for by capabilities, args and CNI_ARGS. */
export interface Requested extends Pick<RuntimeConfig, "bandwidth" | "podAnnotations"> {
  readonly portMappings: readonly PortMappingRequest[];
  readonly mac?: Mac;
  readonly vnicRequest?: VnicRequest;
  /** Name of the network. */
  readonly network: string;
}

/**
 * @param runtime comes from the runtime, not from the configuration
 * @throws {CniError} 7 with every fault, 2 for a misspelt key or a policy that is not supported
 */
export function parseNatConfig(raw: JsonObject, runtime: Requested): NatConfig {
  const config = foldObject(raw, shape);
  const { optionalFlags } = config;
  const [slip] = [
    ...misspeltKeys(config, [...specifiedKeys, ...Object.keys(shape)]),
    ...misspeltKeys(isObject(optionalFlags) ? optionalFlags : {}, flagNames),
  ];
  if (slip !== undefined) throw unknownKey(slip);
  const issues: Issue[] = [...schemaIssues(validate, config)];
  throwIssues(issues);
  const nat = config as RawNat;
  const { configuredNat, annotatedNat, ...asked } = readPortConfig(config, runtime, runtime.network, issues);
  const portMappings = [...runtime.portMappings, ...asked.portMappings];
  const masquerade = nat.ipMasq ?? true;
  const own = listedPrefixes(nat.exceptions, "exceptions", issues);
  const translations = splitOutboundNat({ configuredNat, annotatedNat }, own, masquerade, issues);
  const reachable = readReachable(config.reachable, issues);
  const vnic = readVnicConfig(config, runtime.vnicRequest ?? {}, issues);
  const { mac } = runtime;
  if (nat.mtu !== undefined && nat.mtu !== 0 && nat.mtu < 68)
    report(issues, "mtu", "0 (automatic) or 68 and more", nat.mtu);
  const fallback = gateways(nat.additionalRoutes ?? [], issues);
  throwIssues(issues);
  const uplink = nat.uplink ?? nat.master;
  return {
    ...(nat.bridge === undefined ? {} : { bridge: nat.bridge }),
    ...(uplink === undefined ? {} : { uplink }),
    ...(nat.mtu ? { mtu: nat.mtu } : {}),
    masquerade,
    exceptions: translations.ofNetwork,
    isolated: nat.DisableInterComputeCommunication ?? false,
    reachable,
    vnic,
    port: {
      ...asked,
      portMappings,
      ...(nat.optionalFlags?.allowAclPortMapping ? letPublishedIn(asked, portMappings) : {}),
      outboundNat: translations.ofEndpoint,
    },
    ...(mac === undefined ? {} : { mac }),
    gatewayIsTwo: nat.optionalFlags?.forceBridgeGateway ?? false,
    fallbackGateways: nat.optionalFlags?.gatewayFromAdditionalRoutes ? fallback : [],
  };
}

function gateways(routes: readonly { readonly GW?: string }[], issues: Issue[]): readonly Ip[] {
  return routes.flatMap(({ GW }, i) => {
    if (GW === undefined) return [];
    return parseIp(GW) ?? report(issues, `additionalRoutes[${i}].GW`, "an IP address", GW) ?? [];
  });
}
