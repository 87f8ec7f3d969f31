/** The shape of Microsoft's `nat` plugin: HCN policies in `AdditionalArgs`, gateways in `ipam.routes`. Pure. */
import { type Ip, ipFromNumber, parseIp } from "../../lib/addr/ip.ts";
import { bounds, type Prefix, parsePrefix, prefixFamily } from "../../lib/addr/prefix.ts";
import type { PortMappingRequest } from "../../lib/cni/capability.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import { anyShape, flatShape, foldObject, listShape, objectShape } from "../../lib/cni/keys.ts";
import {
  type Issue,
  isObject,
  type JsonObject,
  readInteger,
  readStrings,
  report,
} from "../../lib/cni/read.ts";
import type { PortProtocol } from "../../lib/policy/port-mapping.ts";

export interface HcnPolicies {
  readonly portMappings: readonly PortMappingRequest[];
  readonly exceptions: readonly Prefix[];
}

interface AdditionalArg {
  readonly Name: string;
  readonly Value: { readonly Type: string; readonly Settings?: JsonObject };
}

/** IANA protocol numbers, as HCN writes them; older tools write the name. */
const protocols: ReadonlyMap<unknown, PortProtocol> = new Map<unknown, PortProtocol>([
  [6, "tcp"],
  [17, "udp"],
  [132, "sctp"],
  ["tcp", "tcp"],
  ["udp", "udp"],
  ["sctp", "sctp"],
]);

/** `Flags` say what is always so here: reachable from the host, and for both families. */
const portMappingSettings = ["Protocol", "InternalPort", "ExternalPort", "VIP", "Flags"];

/**
 * @param issues takes what is malformed
 * @throws {CniError} 2 for a policy that this build does not apply: a policy is never ignored
 */
export function hcnPolicies(args: readonly AdditionalArg[], issues: Issue[]): HcnPolicies {
  const portMappings: PortMappingRequest[] = [];
  const exceptions: Prefix[] = [];
  for (const [i, { Name, Value }] of args.entries()) {
    const path = `AdditionalArgs[${i}].Value`;
    const settings = Value.Settings ?? {};
    if (Name === "EndpointPolicy" && Value.Type === "PortMapping") {
      refuseSettings(settings, portMappingSettings, `${path}.Settings`);
      portMappings.push(...portMapping(settings, `${path}.Settings`, issues));
    } else if (Name === "EndpointPolicy" && Value.Type === "OutBoundNAT") {
      refuseSettings(settings, ["Exceptions"], `${path}.Settings`);
      exceptions.push(...prefixes(settings.Exceptions, `${path}.Settings.Exceptions`, issues));
    } else {
      throw unsupported(`AdditionalArgs[${i}]`, `${Name} ${Value.Type}`);
    }
  }
  return { portMappings, exceptions };
}

function portMapping(settings: JsonObject, path: string, issues: Issue[]): PortMappingRequest[] {
  const { Protocol, VIP } = settings;
  const protocol = protocols.get(typeof Protocol === "string" ? Protocol.toLowerCase() : (Protocol ?? 6));
  if (protocol === undefined) report(issues, `${path}.Protocol`, "6 (TCP), 17 (UDP) or 132 (SCTP)", Protocol);
  const hostPort = port(settings.ExternalPort, `${path}.ExternalPort`, issues);
  const containerPort = port(settings.InternalPort, `${path}.InternalPort`, issues);
  const hostIp = typeof VIP === "string" && VIP !== "" ? parseIp(VIP) : undefined;
  if (VIP !== undefined && VIP !== "" && hostIp === undefined)
    report(issues, `${path}.VIP`, "an IP address", VIP);
  if (protocol === undefined || hostPort === undefined || containerPort === undefined) return [];
  return [{ protocol, hostPort, containerPort, ...(hostIp === undefined ? {} : { hostIp }) }];
}

function port(value: unknown, path: string, issues: Issue[]): number | undefined {
  if (value === undefined || value === null) return report(issues, path, "an integer from 1 to 65535", value);
  return readInteger(value, path, issues, { min: 1, max: 65535 });
}

/** Reads a list of prefixes; an address alone is its own prefix. */
export function prefixes(value: unknown, path: string, issues: Issue[]): readonly Prefix[] {
  return readStrings(value, path, issues).flatMap((text) => {
    const parsed = parsePrefix(text) ?? parsePrefix(`${text}/${text.includes(":") ? 128 : 32}`);
    return parsed ?? report(issues, path, "prefixes such as 10.0.0.0/8", text) ?? [];
  });
}

function refuseSettings(settings: JsonObject, known: readonly string[], path: string): void {
  for (const [key, value] of Object.entries(settings)) {
    const empty =
      value === null || value === "" || value === 0 || (Array.isArray(value) && value.length === 0);
    if (!known.includes(key) && !empty) throw unsupported(`${path}.${key}`, JSON.stringify(value));
  }
}

function unsupported(key: string, value: string): CniError {
  return new CniError(errorCode.unsupportedField, `${key}: ${value} is not supported by the nat plugin`, {
    reason: "policy-unsupported",
    details:
      "EndpointPolicy PortMapping and OutBoundNAT (Exceptions) are; remove the policy, it is never ignored",
  });
}

/**
 * The `ipam` of a configuration of Microsoft's shape in the words of our ipam: `routes[].GW` (or `gateway`) without a
 * destination is the gateway, and keys that only Azure's ipam reads are dropped. With `forceBridgeGateway` every
 * subnet names its gateway, so that no container gets that address.
 */
export function nativeIpam(config: JsonObject): JsonObject {
  const { ipam, optionalFlags } = foldObject(config, configKeys);
  const native = withoutForeign(isObject(ipam) ? ipam : {});
  const isForced = isObject(optionalFlags) && optionalFlags.forceBridgeGateway === true;
  return isForced ? withForcedGateways(native) : native;
}

function withoutForeign(ipam: JsonObject): JsonObject {
  const { routes, environment, addressSpace, ipAddress, queryInterval, ...rest } = foldObject(ipam, ipamKeys);
  if (!Array.isArray(routes)) return rest;
  const gateways: Ip[] = [];
  const kept: unknown[] = [];
  for (const route of routes) {
    const address = isObject(route) && route.dst === undefined ? gatewayOf(route) : undefined;
    if (address === undefined) kept.push(route);
    else gateways.push(address);
  }
  const [gateway] = gateways;
  const withGateway = gateway === undefined || rest.gateway !== undefined ? rest : { ...rest, gateway };
  return kept.length > 0 ? { ...withGateway, routes: kept } : withGateway;
}

function withForcedGateways(ipam: JsonObject): JsonObject {
  const forced = (range: unknown): unknown => {
    if (!isObject(range) || typeof range.subnet !== "string") return range;
    const subnet = parsePrefix(range.subnet);
    return subnet === undefined ? range : { ...range, gateway: forcedGateway(subnet) };
  };
  const { ranges } = ipam;
  const sets = Array.isArray(ranges)
    ? { ranges: ranges.map((set) => (Array.isArray(set) ? set.map(forced) : set)) }
    : {};
  return { ...(forced(ipam) as JsonObject), ...sets };
}

/** `forceBridgeGateway`: the network address with 2 as its last byte. */
export function forcedGateway(subnet: Prefix): Ip {
  return ipFromNumber(prefixFamily(subnet), bounds(subnet).first + 2n);
}

const range = { subnet: anyShape, rangeStart: anyShape, rangeEnd: anyShape, gateway: anyShape };

const ipamKeys = {
  ...range,
  ranges: listShape(listShape(objectShape(range))),
  routes: listShape(flatShape("dst", "gw", "gateway")),
  environment: anyShape,
  addressSpace: anyShape,
  ipAddress: anyShape,
  queryInterval: anyShape,
};

const configKeys = { ipam: anyShape, optionalFlags: flatShape("forceBridgeGateway") };

function gatewayOf(route: JsonObject): Ip | undefined {
  const text = route.gw ?? route.gateway;
  return typeof text === "string" ? parseIp(text) : undefined;
}
