/** An outer packet goes to another host: its route, what the packet inside becomes, and the neighbour it is given to. */
import { type Ip, ipFamily } from "../../../addr/ip.ts";
import { contains } from "../../../addr/prefix.ts";
import { vxlanOverhead } from "../../vtep.ts";
import { rangeCell } from "../consulted.ts";
import { findInterface, hostPlace, kernel, localPrefixes } from "../find.ts";
import { ask, drop, type Layer, type Opening, type Passage, pass } from "../layer.ts";
import { overlayNetworks } from "../remote.ts";
import type { Leaves } from "../trace.ts";
import { onUnderlay, type TunnelWalk } from "../underlay.ts";
import { uplinkPlace } from "../uplink.ts";
import { consult } from "../walk.ts";
import { leaving, noWay, wayOut, wayTo } from "../way.ts";

export const underlayRoute: Layer = onUnderlay((walk) => {
  const { scene, tunnel } = walk;
  const { source, vtep, network } = tunnel;
  const opening: Opening = {
    id: "underlay.route",
    where: hostPlace,
    object: "routes of the host",
    key: `${vtep} from ${source}`,
    writer: kernel,
  };
  const isOwn = (address: Ip): boolean => localPrefixes(scene).some((prefix) => contains(prefix, address));
  // The kernel sends IPv6 from addresses that it does not have, too (ip_route_output_key alone asks).
  if (ipFamily(source) === 4 && !isOwn(source))
    return drop(walk, opening, `${source} is not the host's`, {
      reason: "no-address",
      by: `the tunnel sends from ${source}, which the host does not have any more`,
      remedy: `Give it back to the uplink; or remove the containers of network ${network} here and attach them anew, with the new address in the directory.`,
    });
  const sealed = overlayNetworks(scene).find(({ name }) => name === network)?.switch.tunnel;
  const way = sealed?.sealed ? wayOut(scene, sealed.uplink, vtep) : wayTo(scene, vtep);
  switch (way.kind) {
    case "via":
      return pass({ ...walk, ...leaving(way) }, opening, way.text, "forward");
    case "unclear":
      return ask(walk, opening, `the interface of route ${way.text}, which the scene does not tell`);
    case "local":
      return drop(walk, opening, way.text, {
        reason: "no-peer",
        by: `${vtep} is this host's own: no other host can have it`,
        remedy: `Mend the directory of network ${network}: it names this host's VTEP for another host.`,
      });
    default:
      return drop(walk, opening, way.text, noWay(scene, way, vtep));
  }
});

/** The arithmetic of MTUs. An outer packet that is too big for its link is cut, or lost without a word to anybody. */
export const underlayEncap: Layer = onUnderlay((walk) => {
  const { scene, tunnel, packet, out, network } = walk;
  const { source, vtep, port, vni } = tunnel;
  const added = vxlanOverhead[ipFamily(vtep)];
  const name =
    network !== undefined && "tunnel" in network.switch ? network.switch.tunnel.name : tunnel.network;
  const bytes = packet.kind === "ip" ? packet.bytes : undefined;
  const opening: Opening = {
    id: "tunnel.encap",
    where: { kind: "tunnel", name },
    object: `VNI ${vni}`,
    key: bytes === undefined ? "a packet that is small enough" : `${bytes} bytes`,
    writer: network === undefined ? kernel : { kind: "network", network: network.name },
  };
  const link = findInterface(scene, out);
  const most = Math.min(link?.mtu ?? Number.POSITIVE_INFINITY, walk.routeMtu ?? Number.POSITIVE_INFINITY);
  const asked = consult(walk, { bytes: rangeCell(bytes ?? 0, [{ last: most - added }]) });
  const df = findInterface(scene, name)?.vxlan?.df;
  const outer = `udp ${source} -> ${vtep}:${port}, VNI ${vni}${ipFamily(vtep) === 6 ? "" : `, ${dfWords[df ?? "unset"]}`}`;
  const carries = `${out} carries ${most}`;
  if (bytes === undefined)
    return pass(asked, opening, `${outer}; up to ${most - added} + ${added} bytes: ${carries}`, "forward");
  const sum = `${bytes} + ${added} = ${bytes + added} bytes`;
  if (bytes + added <= most) return pass(asked, opening, `${outer}; ${sum}: ${carries}`, "forward");
  return tooBig(asked, opening, {
    outer,
    sum,
    carries,
    most,
    added,
    df,
  });
});

/** Whether routers may cut it (RFC 791). */
const dfWords = { set: "DF", unset: "no DF", inherit: "DF as inside" } as const;

interface TooBig {
  readonly outer: string;
  readonly sum: string;
  readonly carries: string;
  readonly most: number;
  readonly added: number;
  readonly df: "set" | "unset" | "inherit" | undefined;
}

function tooBig(
  walk: TunnelWalk,
  opening: Opening,
  { outer, sum, carries, most, added, df }: TooBig,
): Passage {
  const is6 = ipFamily(walk.tunnel.vtep) === 6;
  if (!is6 && (df === "unset" || df === undefined))
    return pass(walk, opening, `${outer}; ${sum} in fragments: ${carries}`, "forward");
  const why = is6
    ? "IPv6 cuts nothing there"
    : df === "set"
      ? "DF is set"
      : "DF is as inside, where nearly all set it";
  return drop(walk, opening, `${sum}: ${carries}`, {
    reason: "mtu",
    by: `${sum}, and ${carries}: ${why}, and nobody is told`,
    remedy: `Raise the MTU of ${walk.out} on all hosts, or give network ${walk.tunnel.network} "mtu": ${most - added} on all of them and attach its containers anew.`,
  });
}

export const underlayNeighbour: Layer = onUnderlay((walk) => {
  const { scene, tunnel, packet, out = "", nextHop = tunnel.vtep } = walk;
  const opening: Opening = {
    id: "underlay.neighbour",
    where: uplinkPlace(out),
    object: `neighbours on ${out}`,
    key: nextHop,
    writer: kernel,
  };
  const link = findInterface(scene, out);
  if (link?.up !== true || link.carrier === false)
    return drop(walk, opening, "down", {
      reason: "link-down",
      by: `${out} ${link === undefined ? "is not there" : link.up ? "has no carrier" : "is down"}`,
      remedy: `\`ip link set ${out} up\`, and look at its cable: it leads to the other hosts of network ${tunnel.network}.`,
    });
  const known = scene.host.neighbours.find((one) => one.interface === out && one.address === nextHop);
  const verdict: Leaves = { kind: "leaves", interface: out, source: tunnel.source, packet, tunnel };
  return {
    kind: "end",
    walk,
    stage: { ...opening, value: known?.mac ?? "asked for when it is sent", decision: "leave" },
    verdict,
  };
});
