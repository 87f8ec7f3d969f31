/** `subnet` and `subnets` beside the ipam: what of the network this host's containers get addresses of. Pure. */
import { anyShape, flatShape, foldObject, listShape } from "../../lib/cni/keys.ts";
import { isObject, type JsonObject } from "../../lib/cni/read.ts";
import { nativeIpam } from "../../lib/hosted/hcn.ts";
import { spelledOut } from "./directory-word.ts";

const keys = {
  ipam: anyShape,
  subnet: anyShape,
  subnets: anyShape,
  cidrs: anyShape,
  blockBits: anyShape,
  mode: anyShape,
  directory: flatShape("type", "endpoints", "prefix", "tls", "user", "passwordFile"),
};
const rangeKeys = { subnet: anyShape, ranges: anyShape, store: anyShape, source: anyShape };

/** The configuration's ipam in the words of ours. */
export const overlayIpam = (config: JsonObject): JsonObject => nativeIpam(withBlocks(withSubnets(config)));

/** Where nothing says which addresses are this host's, the network's directory does: it needs no words of its own. */
function withBlocks(config: JsonObject): JsonObject {
  const { cidrs, blockBits, mode, ipam } = config;
  const directory = spelledOut(config.directory);
  if (!isObject(directory) || cidrs === undefined || !isObject(ipam)) return config;
  const { type } = directory;
  if (type !== "etcd" && type !== "flannel") return config;
  if (Object.keys(rangeKeys).some((key) => ipam[key] !== undefined)) return config;
  const { type: _, ...access } = directory;
  // Flannel's own default.
  const bits = blockBits ?? (type === "flannel" ? 24 : undefined);
  const sizes = {
    cidrs,
    ...(bits === undefined ? {} : { blockBits: bits }),
    ...(mode === undefined ? {} : { mode }),
  };
  return { ...config, ipam: { store: type, ...access, ...sizes, ...ipam } };
}

/**
 * The configuration with them where the ipam looks for them: one range of addresses for each. What the ipam names itself
 * counts more; a single subnet goes with its `rangeStart`, `rangeEnd` and `gateway`.
 */
export function withSubnets(config: JsonObject): JsonObject {
  const { ipam: given, ...rest } = foldObject(config, keys);
  const ipam = isObject(given) ? foldObject(given, rangeKeys) : {};
  const subnets = subnetsOf(rest);
  if (ipam.subnet !== undefined || ipam.ranges !== undefined || subnets.length === 0)
    return { ...rest, ipam };
  const named = subnets.length === 1 ? { ...subnets[0], ...ipam } : { ranges: subnets.map((one) => [one]) };
  return { ...rest, ipam: { ...ipam, ...named } };
}

function subnetsOf({ subnet, subnets }: JsonObject): readonly JsonObject[] {
  const one = subnet === undefined ? [] : [subnet];
  return [...one, ...(Array.isArray(subnets) ? subnets : [])].map(rangeOf);
}

/** Keys of a subnet as HCN's networks have it, and before it those of HNS v1. */
export const hcnSubnetShape = {
  IpAddressPrefix: anyShape,
  AddressPrefix: anyShape,
  GatewayAddress: anyShape,
  Routes: listShape(flatShape("NextHop", "DestinationPrefix")),
  Policies: listShape(anyShape),
};

/** A subnet of either form in the words of our ipam's ranges; whatever is wrong in it, our ipam says so. */
export function rangeOf(item: unknown): JsonObject {
  if (!isObject(item)) return { subnet: item };
  const { IpAddressPrefix, AddressPrefix, GatewayAddress, Routes } = foldObject(item, hcnSubnetShape);
  const route = Array.isArray(Routes) ? Routes.find(isObject) : undefined;
  const gateway = GatewayAddress || route?.NextHop;
  return { subnet: IpAddressPrefix ?? AddressPrefix, ...(gateway ? { gateway } : {}) };
}
