/** Finds from a target's configuration what it does, where its maker does not say. */
import { isObject, type JsonObject } from "./json.ts";
import { type Feature, featureMeaning, type Target, type Version } from "./target.ts";

/** Stands for a fresh folder in a configuration. */
const dataPlaceholder = ["$", "{DATA}"].join("");

/** Every feature with yes or no. */
export function featuresOf(target: Target, versions: readonly Version[]): Readonly<Record<Feature, boolean>> {
  const found = foundIn(target, versions);
  const all = Object.keys(featureMeaning) as Feature[];
  return Object.fromEntries(
    all.map((feature) => [feature, target.features?.[feature] ?? found[feature]]),
  ) as Readonly<Record<Feature, boolean>>;
}

function foundIn(target: Target, versions: readonly Version[]): Readonly<Record<Feature, boolean>> {
  const { config } = target;
  const ipam: JsonObject = isObject(config.ipam) ? config.ipam : {};
  const capabilities: JsonObject = isObject(config.capabilities) ? config.capabilities : {};
  const pools = "subnet" in ipam || "ranges" in ipam;
  const routed = config.isGateway === true || config.isDefaultGateway === true || config.type === "ptp";
  /** Links of the uplink itself: nothing of them is on the host. */
  const stacked = config.type === "macvlan" || config.type === "ipvlan";
  const since = (version: Version) => versions.some((known) => known >= version);
  return {
    check: since("0.4.0"),
    gc: since("1.1.0"),
    status: since("1.1.0"),
    pools,
    ipv6: pools,
    delegation: typeof ipam.type === "string",
    data: JSON.stringify([config, target.env ?? {}]).includes(dataPlaceholder),
    mtu: true,
    dns: true,
    mac: capabilities.mac === true,
    ips: capabilities.ips === true,
    ports: capabilities.portMappings === true,
    bandwidth: capabilities.bandwidth === true,
    peers: routed || config.type === "bridge" || stacked,
    gateway: routed,
    outside: routed && config.ipMasq === true,
    lan: stacked,
    hostEnd: !stacked,
    switch: target.switch !== undefined,
    stack: true,
    l2only: false,
  };
}
