/** The switch: by its destination MAC a frame goes to the host, to one port, or to all. */
import { ip } from "../../../addr/ip.ts";
import type { Mac } from "../../../addr/mac.ts";
import { prefixAddress } from "../../../addr/prefix.ts";
import { policiesOf } from "../../../policy/policy.ts";
import type { Plan } from "../../plan.ts";
import type { Scene } from "../../scene.ts";
import { isBridge } from "../../switch.ts";
import { askedFor } from "../asked-for.ts";
import { bridgeFiltered } from "../bridge-filter.ts";
import { valueCell } from "../consulted.ts";
import { byEndpoint, byNetwork, endpointsOn } from "../find.ts";
import { isGroupMac, isLinkMac } from "../groups.ts";
import { type Branch, deliver, drop, isIp, type Opening, onSwitch, type Passage, pass } from "../layer.ts";
import { isolatedFault } from "../link.ts";
import { look } from "../look.ts";
import { sendToPublished } from "../published.ts";
import { byDirectory, isBehind, isOverlayNetwork, type OverlayNetwork, peerBehind } from "../remote.ts";
import { consult, type IpWalk, merge, rewrite, type SwitchWalk, type Walk } from "../walk.ts";
import { answerCell, attachRemedy, switchMac, whoHas } from "../who-has.ts";

export const switchForward = onSwitch((walk) => {
  const { scene, network, packet } = walk;
  const mac = packet.destinationMac;
  const opening: Opening = {
    id: "switch.forward",
    where: { kind: "switch", name: network.switch.name },
    object: "MAC table",
    key: mac,
    writer: byNetwork(network),
  };
  const asked = consult(walk, { destinationMac: valueCell(mac) });
  if (isLinkMac(mac))
    return drop(asked, opening, "of the link alone", {
      reason: "scope",
      by: `switches pass nothing on to ${mac}`,
      remedy: "Such frames are for the next switch; LLDP and the like end at the port.",
    });
  if (mac === switchMac(scene, network)) return toHost(asked, opening);
  if (isIp(asked) && bridgeFiltered(asked)) return filtered(asked, opening);
  return byMac(asked, opening);
});

/** Where br_netfilter is on, a published port is looked for before the MAC counts, whatever that is. */
function filtered(walk: SwitchWalk & IpWalk, opening: Opening): Passage {
  const sent = sendToPublished({ ...walk, in: walk.network.switch.name }, "host.nat.prerouting");
  const asked = merge(walk, sent.walk);
  const own = { destinationMac: switchMac(walk.scene, walk.network) };
  if (sent.kind === "on" && sent.walk.dnat)
    return toHost(rewrite(asked, own), { ...opening, object: "br_netfilter" });
  return byMac(asked, opening);
}

function byMac(asked: SwitchWalk, opening: Opening): Passage {
  const { scene, endpoint, network, packet } = asked;
  const mac = packet.destinationMac;
  if (isGroupMac(mac)) return toGroup(asked, opening);
  const port = endpointsOn(scene, network).find((one) => one.vnic.mac === mac && one.key !== endpoint?.key);
  if (port !== undefined) return toPort(asked, opening, port);
  if (isBridge(network.switch)) return toWire(asked, opening);
  const fromTunnel = endpoint === undefined;
  if (isOverlayNetwork(network) && !fromTunnel && leadsBeyond(scene, network, mac))
    return toTunnel(asked, opening, network, mac);
  return drop(asked, opening, "nobody has the MAC", {
    reason: "no-such-mac",
    by: `no port of switch ${network.switch.name} has MAC ${mac}`,
    remedy: fromTunnel
      ? "The sender's host takes this one for that of the container: its directory is not up to date, or the container has gone."
      : "The sender's neighbour entry is stale or was made by hand: `ip neigh flush all` in the container.",
  });
}

/** In the mode `stretched`: to whom it knows there, or to all hosts where it shall. */
const leadsBeyond = (scene: Scene, network: OverlayNetwork, mac: Mac): boolean =>
  isBehind(scene, network, mac) || floods(network);

const floods = ({ switch: { mode, tunnel } }: OverlayNetwork): boolean =>
  mode === "stretched" && tunnel.flood === true;

function toTunnel(walk: SwitchWalk, opening: Opening, network: OverlayNetwork, mac: Mac): Passage {
  const node = peerBehind(network, mac)?.node;
  const value = `tunnel ${network.switch.tunnel.name}${node === undefined ? "" : `: it is behind ${node}`}`;
  const found = { ...opening, writer: byDirectory(network) };
  if (network.switch.isolated === true)
    return drop(walk, found, `${value}, isolated as this port`, isolatedFault(network));
  return pass(walk, found, value, "forward", "bridge.tunnel");
}

function toHost(walk: SwitchWalk, opening: Opening): Passage {
  if (walk.packet.kind === "ip") return pass(atHost(walk), opening, "the host", "forward", "host.in");
  const [address] = walk.network.switch.gateways;
  const own = address === undefined ? ip("0.0.0.0") : prefixAddress(address);
  return deliver(walk, opening, "the host", { kind: "host", address: own });
}

function toPort(walk: SwitchWalk, opening: Opening, port: Plan): Passage {
  const { network } = walk;
  const found = { ...opening, writer: byEndpoint(port) };
  if (network.switch.isolated !== true)
    return pass({ ...walk, endpoint: port }, found, `port ${port.port.name}`, "forward", "port.in");
  return drop(walk, found, `port ${port.port.name}, isolated as this one`, isolatedFault(network));
}

/** The uplink is a port as well. */
const toWire = (walk: SwitchWalk, opening: Opening): Passage =>
  pass(walk, opening, "nobody's on this switch: to the wire", "forward", "bridge.leave");

function toGroup(walk: SwitchWalk, opening: Opening): Passage {
  const { scene, network, packet } = walk;
  const { walk: looked, found: target } = look(walk, askedFor);
  if (target === undefined) return flood(looked, opening);
  const cell = answerCell(scene, network, target);
  const asked = consult(looked, packet.kind === "arp" ? { targetIp: cell } : { target: cell });
  const answer = whoHas(scene, network, target);
  // What one announces of oneself is for all.
  if (answer?.endpoint !== undefined && answer.endpoint.key === walk.endpoint?.key)
    return flood(asked, opening);
  const wanted = { ...opening, key: `who has ${target}` };
  if (answer?.endpoint !== undefined) return toPort(asked, wanted, answer.endpoint);
  if (answer !== undefined) return deliver(asked, wanted, answer.value, { kind: "host", address: target });
  if (isBridge(network.switch)) return toWire(asked, wanted);
  return drop(asked, wanted, "nobody answers", {
    reason: "no-neighbour",
    by: `no such address on switch ${network.switch.name}: ${target}`,
    remedy: attachRemedy(network, target),
  });
}

function flood(walk: SwitchWalk, opening: Opening): Passage {
  const { scene, endpoint, network } = walk;
  const isolated = network.switch.isolated === true;
  // A port that publishes gets its own back (hairpin).
  const publishes = endpoint !== undefined && policiesOf(endpoint.port.policies, "PortMapping").length > 0;
  const others = isolated
    ? []
    : endpointsOn(scene, network).filter(({ key }) => publishes || key !== endpoint?.key);
  const branches: Branch[] = others.map((one) => ({ walk: { ...walk, endpoint: one }, to: "port.in" }));
  if (walk.packet.kind === "ip") branches.push({ walk: atHost(walk), to: "host.in" });
  if (isBridge(network.switch)) branches.push({ walk, to: "bridge.leave" });
  if (isOverlayNetwork(network) && floods(network) && endpoint !== undefined && !isolated)
    branches.push({ walk, to: "bridge.tunnel" });
  const count = `${others.length}${publishes ? "" : " other"} port${others.length === 1 ? "" : "s"}`;
  const value = isolated ? "the host alone: the ports are isolated" : `${count} and the host`;
  return { kind: "fork", walk, stage: { ...opening, value, decision: "forward" }, branches };
}

/** On the host's side of the switch. */
function atHost({ endpoint: _endpoint, network, ...walk }: SwitchWalk): Walk {
  return { ...walk, in: network.switch.name };
}
