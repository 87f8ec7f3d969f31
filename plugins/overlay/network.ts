/** Definition of an overlay network on this host: its bridge and its tunnel. Pure. */
import { type Family, type Ip, ipFamily } from "../../lib/addr/ip.ts";
import { networkOf, type Prefix, prefixAddress } from "../../lib/addr/prefix.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import { distinctPrefixes } from "../../lib/hcn/lists.ts";
import { hostedSettings, hostedSwitch } from "../../lib/hosted/network.ts";
import type { HostFacts, UplinkFacts } from "../../lib/model/facts.ts";
import { switchMac, switchName, tunnelName } from "../../lib/model/plan.ts";
import type { OverlaySwitch } from "../../lib/model/switch.ts";
import { vtepMac, vxlanOverhead } from "../../lib/model/vtep.ts";
import type { OverlayConfig } from "./config.ts";

/** @throws {CniError} 106 without an uplink or an address on it, 7 when it cannot carry the MTU or is its own peer */
export function overlaySwitch(network: string, config: OverlayConfig, host: HostFacts): OverlaySwitch {
  const uplink = requireUplink(network, config, host);
  const vtep = requireVtep(network, config, uplink);
  requireOthers(network, config, uplink.addresses.map(prefixAddress));
  return {
    kind: "overlay",
    network,
    name: config.bridge ?? switchName(network),
    mac: switchMac(network),
    mtu: mtuOf(config, uplink, ipFamily(vtep)),
    gateways: [],
    forwarding: [],
    vni: config.vni,
    mode: config.mode,
    tunnel: {
      name: tunnelName(network),
      uplink: uplink.name,
      vtep,
      mac: config.vtepMac ?? vtepMac(vtep),
      udpPort: config.udpPort,
      ...(config.encrypted ? { sealed: true } : {}),
      ...(config.flood ? { flood: true } : {}),
      ...(config.txChecksumOffload ? {} : { checksums: "early" }),
    },
    cidrs: cidrsOf(config),
    ...hostedSwitch(config),
  };
}

/**
 * What of the switch goes with the configuration. A subnet that has left the file was the network's a moment ago: as long
 * as containers send to it, it must not leave by another way.
 *
 * @throws {CniError} 7 for itself as a peer
 */
export function followPeers(known: OverlaySwitch, config: OverlayConfig): OverlaySwitch {
  requireOthers(known.network, config, [known.tunnel.vtep]);
  return { ...known, cidrs: distinctPrefixes([...cidrsOf(config), ...known.cidrs]) };
}

/** What of a network's definition the configuration decides, by key. Where a directory is reached may change. */
export function overlaySettings(config: OverlayConfig): Readonly<Record<string, string>> {
  const { directory } = config;
  const place = directory.type === "static" ? "" : ` ${directory.prefix}`;
  return {
    ...hostedSettings(config),
    vni: `${config.vni}`,
    mode: config.mode,
    udpPort: `${config.udpPort}`,
    directory: `${directory.type}${place}`,
    ...(config.uplink === undefined ? {} : { uplink: config.uplink }),
    ...(config.vtep === undefined ? {} : { vtep: config.vtep }),
    ...(config.vtepMac === undefined ? {} : { vtepMac: config.vtepMac }),
    ...(config.cidrs.length === 0 ? {} : { cidrs: config.cidrs.toSorted().join(",") }),
    ...(config.encrypted ? { encryption: "wireguard" } : {}),
    ...(config.flood ? { flood: "true" } : {}),
    ...(config.txChecksumOffload ? {} : { txChecksumOffload: "false" }),
    ...(config.macPrefix === undefined ? {} : { endpointMacPrefix: config.macPrefix.join(".") }),
  };
}

/** As named, and all subnets that are known, of this host and of the peers in the configuration. */
function cidrsOf({ cidrs, subnets, directory }: OverlayConfig): readonly Prefix[] {
  const peers = directory.type === "static" ? directory.peers.flatMap((peer) => peer.subnets) : [];
  return distinctPrefixes([...cidrs, ...subnets, ...peers].map(networkOf));
}

function requireUplink(network: string, config: OverlayConfig, host: HostFacts): UplinkFacts {
  const { uplink, encrypted } = config;
  const found = host.uplink;
  if (found !== undefined && (uplink === undefined || uplink === found.name)) {
    if (encrypted && found.kind !== "wireguard") throw notEncrypted(network, found);
    return found;
  }
  const why =
    uplink === undefined ? "the host has no default route to take it from" : `${uplink} does not exist`;
  throw new CniError(errorCode.dependencyMissing, `network ${network} has no uplink: ${why}`, {
    reason: "uplink-missing",
    details: 'name the interface that leads to the other hosts: "uplink": "eth0"',
  });
}

function notEncrypted(network: string, { name, kind }: UplinkFacts): CniError {
  return new CniError(
    errorCode.dependencyMissing,
    `network ${network}: its uplink ${name} is ${kind === undefined ? "a network card" : `of kind ${kind}`}, and encrypts nothing`,
    {
      reason: "uplink-not-encrypted",
      details:
        'make a WireGuard interface that leads to the other hosts, and name it: "uplink": "wg0"; or remove "encryption"',
    },
  );
}

function requireVtep(network: string, { vtep, directory }: OverlayConfig, uplink: UplinkFacts): Ip {
  const addresses = uplink.addresses.map(prefixAddress);
  const family =
    directory.type === "static" ? directory.peers[0] && ipFamily(directory.peers[0].vtep) : undefined;
  const fitting = addresses.filter((address) => family === undefined || ipFamily(address) === family);
  const first = fitting.find((address) => ipFamily(address) === 4) ?? fitting[0];
  const found = vtep === undefined ? first : addresses.find((address) => address === vtep);
  if (found !== undefined) return found;
  const wanted = vtep ?? (family === undefined ? "any address" : `an IPv${family} address`);
  throw new CniError(
    errorCode.dependencyMissing,
    `network ${network}: its uplink ${uplink.name} does not have ${wanted} for the tunnel`,
    {
      reason: "vtep-missing",
      details: `addresses there: ${addresses.join(", ") || "none"}; name the right uplink ("uplink") or address ("vtep")`,
    },
  );
}

/** The file of another host, copied as it is, names this one among the others. */
function requireOthers(network: string, { directory }: OverlayConfig, own: readonly Ip[]): void {
  const peers = directory.type === "static" ? directory.peers : [];
  const self = peers.find(({ vtep }) => own.includes(vtep));
  if (self === undefined) return;
  throw new CniError(
    errorCode.invalidConfig,
    `network ${network}: its peer ${self.vtep} is this host itself`,
    {
      reason: "peer-is-this-host",
      details: "peers are the other hosts; each host's own subnets stand beside them",
    },
  );
}

/**
 * On one subnet nobody tells a sender that a peer takes less: there all are as long as the shortest.
 *
 * @throws {CniError} 7 when the uplink cannot carry it, or a peer does not take it
 */
function mtuOf({ mtu, mode, directory }: OverlayConfig, uplink: UplinkFacts, family: Family): number {
  const own = uplink.mtu - vxlanOverhead[family];
  const peers = mode === "stretched" && directory.type === "static" ? directory.peers : [];
  const most = Math.min(own, ...peers.map((peer) => peer.mtu ?? own));
  if (mtu === undefined || mtu <= most) return mtu ?? most;
  const shortest = peers.find((peer) => peer.mtu === most);
  const why =
    most === own || shortest === undefined
      ? `the uplink ${uplink.name} carries ${uplink.mtu}, less ${vxlanOverhead[family]} for VXLAN over IPv${family}`
      : `peer ${shortest.node} takes ${most}`;
  const details = most === own ? `lower it to ${most}, or raise the uplink's` : `lower it to ${most}`;
  throw new CniError(errorCode.invalidConfig, `mtu ${mtu}: ${why}`, { reason: "mtu-too-large", details });
}
