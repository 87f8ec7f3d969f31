/** What there is of a switch that has the uplink as a port. Reading changes nothing. */
import type { HostConfiguration } from "../../model/host-configuration.ts";
import type { BridgeSwitch } from "../../model/switch.ts";
import type { Netlink } from "../../netlink/connection.ts";
import { decodeLink, type Link } from "../../netlink/route/decode-link.ts";
import { dumpLinks } from "../../netlink/route/link.ts";
import { addressesOf } from "../addresses-of.ts";
import { linkOf } from "../link-of.ts";
import type { Readers } from "../machine.ts";
import { markedUplink, takenAlias } from "../mark.ts";
import { type OnLink, readHostConfiguration } from "./host-configuration.ts";
import { readSettings, type Setting } from "./settings.ts";

export interface BridgeState {
  readonly uplink: Link | undefined;
  /** The uplink itself, or its VLAN. */
  readonly lower: Link | undefined;
  /** It is the bridge's port, and the host has nothing on it any more: all that follows is not looked at. */
  readonly settled: boolean;
  readonly onLower?: OnLink;
  /** Only of a takeover that broke off. */
  readonly onBridge?: HostConfiguration;
  /** How the host takes what comes in by `lower`. */
  readonly settings: readonly Setting[];
}

/** @param bridge what bears the switch's name */
export function observeBridge(
  readers: Pick<Readers, "host" | "readSysctl">,
  wanted: BridgeSwitch,
  bridge: Link | undefined,
): BridgeState {
  const { host } = readers;
  const uplink = linkOf(host, wanted.uplink);
  const lower = wanted.lower === wanted.uplink ? uplink : linkOf(host, wanted.lower);
  if (wanted.existing || isSettled(host, wanted, bridge, lower))
    return { uplink, lower, settled: true, settings: [] };
  const brokeOff = bridge !== undefined && markedUplink(bridge.alias)?.moving === "taking";
  return {
    uplink,
    lower,
    settled: false,
    ...(lower === undefined ? {} : { onLower: readHostConfiguration(readers, lower) }),
    ...(brokeOff ? { onBridge: readHostConfiguration(readers, bridge) } : {}),
    settings: lower === undefined ? [] : readSettings(readers.readSysctl, lower.name),
  };
}

function isSettled(
  host: Netlink,
  wanted: BridgeSwitch,
  bridge: Link | undefined,
  lower: Link | undefined,
): boolean {
  if (bridge === undefined || lower === undefined || !bridge.up || lower.master !== bridge.index)
    return false;
  return (
    bridge.alias === takenAlias(wanted.network, wanted.lower) && addressesOf(host, lower.index).length === 0
  );
}

/** All links whose frames it passes on. */
export function portsOf(host: Netlink, bridge: Link): readonly Link[] {
  const found = host.request(dumpLinks({ master: bridge.index })).map(decodeLink);
  return found.filter((port) => port.master === bridge.index);
}
