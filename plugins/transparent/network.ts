/** Definition of a transparent network: its external switch. Pure. */
import type { Mac } from "../../lib/addr/mac.ts";
import { prefixAddress } from "../../lib/addr/prefix.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type { HostFacts, UplinkFacts } from "../../lib/model/facts.ts";
import { adapterMac, adapterName, switchMac, switchName, vlanName } from "../../lib/model/plan.ts";
import type { AnyExternalSwitch } from "../../lib/model/switch.ts";
import type { TransparentConfig } from "./config.ts";

/** @throws {CniError} 106 without an uplink, 7 when it cannot carry the MTU */
export function transparentSwitch(
  network: string,
  config: TransparentConfig,
  host: HostFacts,
): AnyExternalSwitch {
  const uplink = requireUplink(network, config, host);
  const { vlan, kind } = config;
  const lower = vlan === undefined ? uplink.name : vlanName(uplink.name, vlan);
  const common = {
    network,
    name: lower,
    mtu: mtuOf(config, uplink),
    gateways: [],
    forwarding: [],
    uplink: uplink.name,
    lower,
    ...(vlan === undefined ? {} : { vlan }),
  };
  switch (kind) {
    case "macvlan":
      return {
        ...common,
        kind,
        mode: config.mode,
        ...(config.hostAccess ? { host: hostAdapter(network, uplink) } : {}),
      };
    case "ipvlan":
      return { ...common, kind, mode: "l2", uplinkMac: requireMac(network, uplink) };
    case "routed":
      // Its containers are machines of the LAN, for the other networks of the host too.
      return { ...common, kind, name: switchName(network), mac: switchMac(network), reachable: true };
  }
}

function requireMac(network: string, { name, mac }: UplinkFacts): Mac {
  if (mac !== undefined) return mac;
  throw new CniError(errorCode.unsupportedField, `network ${network}: its uplink ${name} has no MAC`, {
    reason: "uplink-without-mac",
    details: `an ipvlan needs an Ethernet interface; take "switch": "routed"`,
  });
}

function hostAdapter(network: string, { addresses }: UplinkFacts) {
  return { name: adapterName(network), mac: adapterMac(network), addresses: addresses.map(prefixAddress) };
}

function requireUplink(network: string, { uplink }: TransparentConfig, host: HostFacts): UplinkFacts {
  const found = host.uplink;
  if (found !== undefined && (uplink === undefined || uplink === found.name)) return found;
  const why =
    uplink === undefined ? "the host has no default route to take it from" : `${uplink} does not exist`;
  throw new CniError(errorCode.dependencyMissing, `network ${network} has no uplink: ${why}`, {
    reason: "uplink-missing",
    details: 'name the interface of the LAN in the configuration: "uplink": "eth0"',
  });
}

function mtuOf({ mtu }: TransparentConfig, uplink: UplinkFacts): number {
  if (mtu === undefined || mtu <= uplink.mtu) return mtu ?? uplink.mtu;
  throw new CniError(errorCode.invalidConfig, `mtu ${mtu}: the uplink ${uplink.name} carries ${uplink.mtu}`, {
    reason: "mtu-too-large",
    details: "lower it, or raise the uplink's",
  });
}

/** What of a network's definition the configuration decides, by key: what must not change while it is in use. */
export function transparentSettings(config: TransparentConfig): Readonly<Record<string, string>> {
  const { kind, uplink, vlan, mode, mtu, hostAccess } = config;
  return {
    switch: kind,
    ...(uplink === undefined ? {} : { uplink }),
    ...(vlan === undefined ? {} : { vlan: `${vlan}` }),
    ...(kind === "macvlan" ? { mode } : {}),
    ...(mtu === undefined ? {} : { mtu: `${mtu}` }),
    ...(hostAccess ? { hostAccess: "true" } : {}),
  };
}
