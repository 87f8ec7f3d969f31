/** The shape of Microsoft's `nat` plugin: gateways in `ipam.routes`, and fixed ones; ACLs for published ports. Pure. */
import { type Ip, ipFromNumber, parseIp } from "../addr/ip.ts";
import { bounds, type Prefix, parsePrefix, prefixFamily } from "../addr/prefix.ts";
import type { PortMappingRequest } from "../cni/capability.ts";
import { anyShape, flatShape, foldObject, listShape, objectShape } from "../cni/keys.ts";
import { isObject, type JsonObject } from "../cni/read.ts";
import type { ReadPortConfig } from "../hcn/port-config.ts";
import type { Acl } from "../policy/acl.ts";
import { IPPROTO } from "../policy/packet.ts";

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

/** As Microsoft's plugin has it, behind what operators usually write (100 to 999) and before their last rules. */
const publishedPriority = 1000;

type Acls = Pick<ReadPortConfig, "acls" | "aclDefault">;

/**
 * `allowAclPortMapping`: published ports are let in. Where nothing else is judged they are anyhow; and where only
 * `defaultAction` closes the way in, the first ACL would close the way out as well, so that stays as it is.
 */
export function letPublishedIn({ acls, aclDefault }: Acls, mappings: readonly PortMappingRequest[]): Acls {
  const judges = acls.length > 0 || aclDefault?.In === "Block";
  const published = judges ? publishedAcls(mappings) : [];
  const onlyPublished = acls.length === 0 && published.length > 0;
  const whole = onlyPublished ? { Out: "Allow" as const, ...aclDefault } : aclDefault;
  return { acls: [...acls, ...published], ...(whole && { aclDefault: whole }) };
}

function publishedAcls(mappings: readonly PortMappingRequest[]): readonly Acl[] {
  const ports = Object.entries(Object.groupBy(mappings, ({ protocol }) => protocol));
  return ports.map(([protocol, published = []]): Acl => {
    const numbers = [...new Set(published.map(({ containerPort }) => containerPort))];
    return {
      kind: "ACL",
      action: "Allow",
      direction: "In",
      protocols: [IPPROTO[protocol as PortMappingRequest["protocol"]]],
      localAddresses: [],
      remoteAddresses: [],
      localPorts: numbers.toSorted((a, b) => a - b).map((port) => ({ first: port, last: port })),
      remotePorts: [],
      priority: publishedPriority,
      id: "allowAclPortMapping",
    };
  });
}
