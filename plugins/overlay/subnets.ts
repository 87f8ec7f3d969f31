/** `subnet` and `subnets` beside the ipam: what of the network this host's containers get addresses of. Pure. */
import { anyShape, foldObject } from "../../lib/cni/keys.ts";
import { isObject, type JsonObject } from "../../lib/cni/read.ts";

const keys = { ipam: anyShape, subnet: anyShape, subnets: anyShape };
const rangeKeys = { subnet: anyShape, ranges: anyShape };

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
  const [subnet] = subnets;
  const named = subnets.length === 1 ? { subnet } : { ranges: subnets.map((one) => [{ subnet: one }]) };
  return { ...rest, ipam: { ...ipam, ...named } };
}

function subnetsOf({ subnet, subnets }: JsonObject): readonly unknown[] {
  const one = subnet === undefined ? [] : [subnet];
  return [...one, ...(Array.isArray(subnets) ? subnets : [])];
}
