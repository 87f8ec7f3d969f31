/** Steps that make an overlay network's tunnel what the plan says. Pure. */
import { CniError, errorCode } from "../../cni/error.ts";
import type { OverlaySwitch } from "../../model/switch.ts";
import type { Request } from "../../netlink/message.ts";
import { type BridgePort, setBridgePort } from "../../netlink/route/bridge-port.ts";
import { type LinkChanges, setLink } from "../../netlink/route/set-link.ts";
import { createVxlan, setVxlanLocal } from "../../netlink/route/vxlan.ts";
import { markedNetwork, networkMark, tunnelAlias } from "../mark.ts";
import type { LinkIndex, Step } from "../step.ts";
import type { TunnelState } from "./observe.ts";

/**
 * The switch is there already.
 *
 * @returns nothing when all is as planned
 * @throws {CniError} 108 when something else bears the name, or receives what the tunnel should
 */
export function compileTunnel(wanted: OverlaySwitch, found: TunnelState): readonly Step[] {
  const { tunnel, vni, mtu } = wanted;
  requireFree(wanted, found);
  const created = found.link === undefined;
  const lacking = differing(wanted, found);
  if (!created && lacking.length === 0) return [];
  const create = createVxlan({
    name: tunnel.name,
    vni,
    local: tunnel.vtep,
    udpPort: tunnel.udpPort,
    mac: tunnel.mac,
    mtu,
  });
  return [
    ...(created ? [step(create.title, () => [create]), ...settings(wanted), ...offload(wanted)] : []),
    step(lacking.map(({ words }) => words).join("; "), (index) =>
      lacking.flatMap(({ requests }) => requests(index("switch"))),
    ),
  ];
}

const step = (title: string, requests: (index: LinkIndex) => readonly Request[]): Step => ({
  title,
  scope: "switch",
  action: { kind: "host", requests },
  // The kernel may have no IPv6 at all.
  accept: ["EAFNOSUPPORT"],
});

interface Lack {
  readonly words: string;
  readonly requests: (bridge: number) => readonly Request[];
}

/** What of the link must be set: all of it for one that is new. */
function differing(wanted: OverlaySwitch, { link, vxlan, port }: TunnelState): readonly Lack[] {
  const { tunnel, network, mtu, name: bridge, mode } = wanted;
  const { name } = tunnel;
  const lacks: Lack[] = [];
  const set = (words: string, changes: LinkChanges): void => {
    lacks.push({ words: `link set ${name} ${words}`, requests: () => [setLink(name, changes)] });
  };
  if (link !== undefined && vxlan?.local !== tunnel.vtep) {
    const request = setVxlanLocal(name, tunnel.vtep);
    lacks.push({ words: request.title, requests: () => [request] });
  }
  if (link !== undefined && link.mtu !== mtu) set(`mtu ${mtu}`, { mtu });
  if (link !== undefined && link.mac !== tunnel.mac) set(`address ${tunnel.mac}`, { mac: tunnel.mac });
  const alias = tunnelAlias(network);
  if (link?.alias !== alias) {
    set(`alias "${alias}"`, { alias });
    set("addrgenmode none", { addrGenMode: "none" });
  }
  const flags = portFlags(wanted);
  if (mode === "stretched" && !isPort(flags, port)) {
    lacks.push({
      words: `link set ${name} master ${bridge}; ${setBridgePort(name, flags).title}`,
      requests: (index) => [setLink(name, { master: index }), setBridgePort(name, flags)],
    });
  }
  if (!link?.up) set("up", { up: true });
  return lacks;
}

/** Nothing is learned of what comes in, and the switch answers for whom it knows beyond: no question goes out. */
function portFlags({ tunnel, isolated }: OverlaySwitch): Partial<BridgePort> {
  const flood = tunnel.flood ?? false;
  return {
    learning: false,
    flood,
    mcast_flood: flood,
    bcast_flood: flood,
    neigh_suppress: true,
    isolated: isolated ?? false,
  };
}

function isPort(wanted: Partial<BridgePort>, found: BridgePort | undefined): boolean {
  if (found === undefined) return false;
  return Object.entries(wanted).every(([name, on]) => found[name as keyof BridgePort] === on);
}

/** Before the link is up: no router advertisement of another host is ever accepted. */
function settings({ tunnel: { name }, mode }: OverlaySwitch): readonly Step[] {
  const optional = (family: string, key: string, value: string): Step => ({
    title: `sysctl net.${family}.conf.${name}.${key}=${value}`,
    scope: "switch",
    action: { kind: "sysctl", where: "host", key: [family, "conf", name, key], value, optional: true },
  });
  if (mode === "stretched") return [optional("ipv6", "disable_ipv6", "1")];
  return [optional("ipv6", "disable_ipv6", "0"), optional("ipv6", "accept_ra", "0")];
}

function offload({ tunnel: { name, checksums } }: OverlaySwitch): readonly Step[] {
  if (checksums === undefined) return [];
  return [
    {
      title: `ethtool -K ${name} tx off`,
      scope: "switch",
      action: { kind: "offload", name, txChecksum: false },
    },
  ];
}

function requireFree(wanted: OverlaySwitch, { link, vxlan, rival }: TunnelState): void {
  const { tunnel, vni, network } = wanted;
  const { name, udpPort, mac } = tunnel;
  if (rival !== undefined) {
    throw taken(
      `tunnel ${rival} receives VNI ${vni} at UDP port ${udpPort}`,
      "remove it, or choose another vni or udpPort, on all hosts of the network",
    );
  }
  if (link === undefined) return;
  const unfinished = link.alias === undefined && link.mac === mac;
  const ours = markedNetwork(link.alias) === networkMark(network) || unfinished;
  if (vxlan === undefined || !ours)
    throw taken(
      `interface ${name} of kind ${link.kind ?? "physical"} is not ours`,
      `remove it: ip link delete ${name}`,
    );
  if (vxlan.vni === vni && vxlan.udpPort === udpPort) return;
  throw taken(
    `tunnel ${name} has VNI ${vxlan.vni} at UDP port ${vxlan.udpPort}, the network ${vni} at ${udpPort}`,
    `remove it, and it is made anew: ip link delete ${name}`,
  );
}

function taken(what: string, details: string): CniError {
  return new CniError(errorCode.conflict, what, { reason: "tunnel-taken", details });
}
