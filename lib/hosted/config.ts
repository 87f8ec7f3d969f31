/**
 * Configuration of a network with the host as its router, nat or overlay: defaults, units, and the shape that Microsoft's
 * plugins share. Pure.
 */
import type { ValidateFunction } from "ajv";
import { type Ip, parseIp } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Prefix } from "../addr/prefix.ts";
import { anyShape, flatShape, foldObject, listShape, type Shape } from "../cni/keys.ts";
import { type Issue, isObject, type JsonObject, report, throwIssues } from "../cni/read.ts";
import { misspeltKeys, schemaIssues } from "../cni/schema.ts";
import { specifiedKeys } from "../cni/specified-keys.ts";
import { listedPrefixes } from "../hcn/lists.ts";
import { type PortConfig, portConfigShape, readPortConfig } from "../hcn/port-config.ts";
import { unknownKey } from "../hcn/settings.ts";
import type { Requested } from "../planning/requested.ts";
import { readVnicConfig } from "../planning/vnic-config.ts";
import { type VnicConfig, vnicConfigShape } from "../planning/vnic-keys.ts";
import { letPublishedIn } from "./hcn.ts";
import { readReachable, splitOutboundNat } from "./network-config.ts";

export interface HostedConfig {
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

/** Keys of `optionalFlags`. */
const flagNames = [
  "localRoutedPortMapping",
  "allowAclPortMapping",
  "forceBridgeGateway",
  "enableDualStack",
  "loopbackDSR",
  "gatewayFromAdditionalRoutes",
];

/** The keys in their canonical spelling; the specification's are folded by lib/cni. */
const hostedShape = {
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

interface RawHosted {
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

/** What a network type adds to the keys. */
export interface OwnKeys {
  readonly shape: Readonly<Record<string, Shape>>;
  readonly validate: ValidateFunction;
}

/**
 * The configuration with its keys in canonical spelling, of which the schema's types are right.
 *
 * @throws {CniError} 7 with every fault that the schema finds, 2 for a misspelt key
 */
export function foldHosted(raw: JsonObject, { shape, validate }: OwnKeys): JsonObject {
  const whole = { ...hostedShape, ...shape };
  const config = foldObject(raw, whole);
  const { optionalFlags } = config;
  const [slip] = [
    ...misspeltKeys(config, [...specifiedKeys, ...Object.keys(whole)]),
    ...misspeltKeys(isObject(optionalFlags) ? optionalFlags : {}, flagNames),
  ];
  if (slip !== undefined) throw unknownKey(slip);
  throwIssues([...schemaIssues(validate, config)]);
  return config;
}

/**
 * @param config of `foldHosted`
 * @param runtime comes from the runtime, not from the configuration
 * @throws {CniError} 7 with every fault, those in `issues` before, 2 for a policy that is not supported
 */
export function readHostedConfig(config: JsonObject, runtime: Requested, issues: Issue[] = []): HostedConfig {
  const raw = config as RawHosted;
  const { configuredNat, annotatedNat, ...asked } = readPortConfig(config, runtime, runtime.network, issues);
  const portMappings = [...runtime.portMappings, ...asked.portMappings];
  const masquerade = raw.ipMasq ?? true;
  const own = listedPrefixes(raw.exceptions, "exceptions", issues);
  const translations = splitOutboundNat({ configuredNat, annotatedNat }, own, masquerade, issues);
  const reachable = readReachable(config.reachable, issues);
  const vnic = readVnicConfig(config, runtime.vnicRequest ?? {}, issues);
  const { mac } = runtime;
  if (raw.mtu !== undefined && raw.mtu !== 0 && raw.mtu < 68)
    report(issues, "mtu", "0 (automatic) or 68 and more", raw.mtu);
  const fallback = gateways(raw.additionalRoutes ?? [], issues);
  throwIssues(issues);
  const uplink = raw.uplink ?? raw.master;
  return {
    ...(raw.bridge === undefined ? {} : { bridge: raw.bridge }),
    ...(uplink === undefined ? {} : { uplink }),
    ...(raw.mtu ? { mtu: raw.mtu } : {}),
    masquerade,
    exceptions: translations.ofNetwork,
    isolated: raw.DisableInterComputeCommunication ?? false,
    reachable,
    vnic,
    port: {
      ...asked,
      portMappings,
      ...(raw.optionalFlags?.allowAclPortMapping ? letPublishedIn(asked, portMappings) : {}),
      outboundNat: translations.ofEndpoint,
    },
    ...(mac === undefined ? {} : { mac }),
    gatewayIsTwo: raw.optionalFlags?.forceBridgeGateway ?? false,
    fallbackGateways: raw.optionalFlags?.gatewayFromAdditionalRoutes ? fallback : [],
  };
}

function gateways(routes: readonly { readonly GW?: string }[], issues: Issue[]): readonly Ip[] {
  return routes.flatMap(({ GW }, i) => {
    if (GW === undefined) return [];
    return parseIp(GW) ?? report(issues, `additionalRoutes[${i}].GW`, "an IP address", GW) ?? [];
  });
}
