/** Configurations with other pools, in the shape of host-local's `ranges`. */
import { isObject, type JsonObject } from "./json.ts";

/** Subnets for the scenarios; none overlaps another or a test host's uplink. */
export const subnets = {
  /** Exactly one address beside the gateway: a lease that leaks makes the next ADD fail. */
  one: ["10.72.0.0/30"],
  /** Five addresses beside the gateway. */
  five: ["10.73.0.0/29"],
  dual: ["10.74.0.0/24", "fd00:74::/64"],
  v6: ["fd00:75::/64"],
  three: ["10.76.0.0/24", "10.77.0.0/24", "fd00:76::/64"],
  many: ["10.80.0.0/16"],
  second: ["10.79.0.0/24"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

const poolKeys = ["subnet", "rangeStart", "rangeEnd", "gateway", "ranges", "routes"];

/** The `ipam` part for one address out of each subnet, with default routes of their families. */
export function pools(config: JsonObject, wanted: readonly string[]): JsonObject {
  const ipam: JsonObject = isObject(config.ipam) ? config.ipam : {};
  const kept = Object.fromEntries(Object.entries(ipam).filter(([key]) => !poolKeys.includes(key)));
  const routes = [
    ...(wanted.some((subnet) => subnet.includes(".")) ? [{ dst: "0.0.0.0/0" }] : []),
    ...(wanted.some((subnet) => subnet.includes(":")) ? [{ dst: "::/0" }] : []),
  ];
  return { ipam: { ...kept, ranges: wanted.map((subnet) => [{ subnet }]), routes } };
}

/** What makes a second network beside the first: other addresses, another switch. */
export function secondNetwork(config: JsonObject): JsonObject {
  const bridge = typeof config.bridge === "string" ? { bridge: `${config.bridge.slice(0, 13)}-2` } : {};
  return { ...pools(config, subnets.second), ...bridge };
}
