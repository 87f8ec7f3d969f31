/** What of a network's definition is the same for all that have the host as their router. Pure. */
import type { HostedSwitch } from "../model/switch.ts";
import type { HostedConfig } from "./config.ts";

/** Who reaches its containers, and whom they reach as they are. */
export function hostedSwitch(
  config: HostedConfig,
): Pick<HostedSwitch, "outboundNat" | "isolated" | "reachable"> {
  return {
    ...(config.masquerade ? { outboundNat: { exceptions: config.exceptions } } : {}),
    ...(config.isolated ? { isolated: true } : {}),
    ...(isReachable(config) ? { reachable: config.reachable } : {}),
  };
}

/** What of it the configuration decides, by key: what must not change while the network is in use. */
export function hostedSettings(config: HostedConfig): Readonly<Record<string, string>> {
  return {
    ...(config.bridge === undefined ? {} : { bridge: config.bridge }),
    ...(config.mtu === undefined ? {} : { mtu: `${config.mtu}` }),
    ipMasq: `${config.masquerade}`,
    exceptions: config.exceptions.toSorted().join(",") || "none",
    ...(config.isolated ? { DisableInterComputeCommunication: "true" } : {}),
    ...(isReachable(config) ? { reachable: reachableText(config) } : {}),
  };
}

/** The order of the names means nothing. */
const reachableText = ({ reachable }: HostedConfig): string =>
  reachable === true ? "true" : reachable.toSorted().join(",");

const isReachable = ({ reachable }: HostedConfig): boolean => reachable === true || reachable.length > 0;
