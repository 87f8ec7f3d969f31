/** The uplink of a transparent network, as the host has it. Pure. */
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type { HostFacts, UplinkFacts } from "../../lib/model/facts.ts";
import type { TransparentConfig } from "./config.ts";

/** @throws {CniError} 106 */
export function requireUplink(network: string, { uplink }: TransparentConfig, host: HostFacts): UplinkFacts {
  const found = host.uplink;
  if (found !== undefined && (uplink === undefined || uplink === found.name)) return found;
  const why =
    uplink === undefined ? "the host has no default route to take it from" : `${uplink} does not exist`;
  throw new CniError(errorCode.dependencyMissing, `network ${network} has no uplink: ${why}`, {
    reason: "uplink-missing",
    details: 'name the interface of the LAN in the configuration: "uplink": "eth0"',
  });
}

/** @throws {CniError} 7 when the uplink cannot carry it */
export function mtuOf({ mtu }: TransparentConfig, uplink: UplinkFacts): number {
  if (mtu === undefined || mtu <= uplink.mtu) return mtu ?? uplink.mtu;
  throw new CniError(errorCode.invalidConfig, `mtu ${mtu}: the uplink ${uplink.name} carries ${uplink.mtu}`, {
    reason: "mtu-too-large",
    details: "lower it, or raise the uplink's",
  });
}
