/** Definition of a transparent network: its external switch. Pure. */
import type { Mac } from "../../lib/addr/mac.ts";
import { prefixAddress } from "../../lib/addr/prefix.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import type { HostFacts, HostQuery, UplinkFacts } from "../../lib/model/facts.ts";
import { adapterMac, adapterName, switchMac, switchName, vlanName } from "../../lib/model/plan.ts";
import type { AnyExternalSwitch } from "../../lib/model/switch.ts";
import { bridgeName, bridgeSwitch } from "./bridge.ts";
import type { TransparentConfig } from "./config.ts";
import { mtuOf, requireUplink } from "./uplink.ts";

/** What of the host the definition of the network needs. */
export function transparentQuery(network: string, config: TransparentConfig): HostQuery {
  const { kind, vlan } = config;
  if (kind !== "bridge") return { nature: true };
  const bridge = bridgeName(network, config);
  return {
    nature: true,
    takeover: { network, bridge, lower: vlan === undefined ? "uplink" : { vlan } },
  };
}

/** @throws {CniError} 106 without an uplink, 7 when it cannot carry the MTU, 7, 50 or 108 for one that no bridge can take */
export function transparentSwitch(
  network: string,
  config: TransparentConfig,
  host: HostFacts,
): AnyExternalSwitch {
  if (config.kind === "bridge") return bridgeSwitch(network, config, host);
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

/** What of a network's definition the configuration decides, by key: what must not change while it is in use. */
export function transparentSettings(config: TransparentConfig): Readonly<Record<string, string>> {
  const { kind, uplink, vlan, mode, mtu, hostAccess, bridge } = config;
  return {
    switch: kind,
    ...(uplink === undefined ? {} : { uplink }),
    ...(vlan === undefined ? {} : { vlan: `${vlan}` }),
    ...(kind === "macvlan" ? { mode } : {}),
    ...(bridge === undefined ? {} : { bridge }),
    ...(mtu === undefined ? {} : { mtu: `${mtu}` }),
    ...(hostAccess && kind === "macvlan" ? { hostAccess: "true" } : {}),
  };
}
