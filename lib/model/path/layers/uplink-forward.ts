/** Among vNICs of one uplink: by its destination MAC a frame goes to one of them, to all, or onto the wire. */
import { type Ip, ip } from "../../../addr/ip.ts";
import type { Packet } from "../../../policy/packet.ts";
import { askedFor } from "../asked-for.ts";
import { addressCell, valueCell } from "../consulted.ts";
import { byEndpoint, byNetwork, networkOf } from "../find.ts";
import { isGroupMac } from "../groups.ts";
import { atEndpoint, type Branch, deliver, drop, type Opening, type Passage, pass, skip } from "../layer.ts";
import { look } from "../look.ts";
import {
  type Adapter,
  adapterLink,
  adaptersOn,
  hasOwnMac,
  holderOf,
  isStackedPlan,
  meetsInKernel,
  neighbourOf,
  type StackedPlan,
  uplinkPlace,
  uplinkPrefixes,
  vnicsOn,
  wordsOfKind,
} from "../uplink.ts";
import { consult, type EndpointWalk, type Walk } from "../walk.ts";
import { askedCell } from "./uplink-neighbour.ts";

type Here = EndpointWalk & { readonly endpoint: StackedPlan };

export const uplinkForward = atEndpoint((walk) => {
  const { endpoint, packet } = walk;
  if (!isStackedPlan(endpoint)) return skip(walk);
  const here: Here = { ...walk, endpoint };
  const mac = packet.destinationMac;
  const opening: Opening = {
    id: "uplink.forward",
    where: uplinkPlace(endpoint.switch.lower),
    object: wordsOfKind(endpoint.switch),
    key: mac,
    writer: byNetwork(walk.network),
  };
  const byMac = consult(here, { destinationMac: valueCell(mac) });
  const asked = hasOwnMac(endpoint) ? byMac : askAddress(byMac, endpoint.switch.lower);
  if (isGroupMac(mac)) return toGroup(asked, opening);
  return toOne(asked, opening);
});

/** Among vNICs with one MAC the address decides. */
function askAddress<W extends Walk>(walk: W, lower: string): W {
  const { packet, scene } = walk;
  if (packet.kind !== "ip") return walk;
  return consult(walk, { destination: addressCell(packet.destination, uplinkPrefixes(scene, lower)) });
}

function toOne(walk: Here, opening: Opening): Passage {
  const { scene, endpoint, packet } = walk;
  const { switch: vswitch } = endpoint;
  if (!meetsInKernel(vswitch)) return onWire(walk, opening, "everything goes to the wire");
  const holder = holderOf(scene, vswitch.lower, packet);
  if (holder?.kind === "adapter") return toAdapter(walk, opening, holder.adapter);
  if (holder === undefined) return onWire(walk, opening, "nobody's on this uplink: to the wire");
  const { endpoint: other } = holder;
  if (!meetsInKernel(other.switch)) return onWire(walk, opening, `${wordsOfKind(other.switch)}: to the wire`);
  return toVnic(walk, { ...opening, writer: byEndpoint(other) }, other);
}

const onWire = (walk: Walk, opening: Opening, value: string): Passage =>
  pass(walk, opening, value, "forward", "uplink.leave");

function toVnic(walk: Here, opening: Opening, endpoint: StackedPlan): Passage {
  const there = { ...walk, endpoint, network: networkOf(walk.scene, endpoint) };
  return pass(there, opening, `${endpoint.vnic.mac}, a vNIC on this uplink`, "forward", "compartment.in");
}

function toAdapter(walk: Here, opening: Opening, adapter: Adapter): Passage {
  const found = { ...opening, writer: { kind: "network", network: adapter.network } as const };
  const value = `the host, by its adapter ${adapter.name}`;
  if (walk.packet.kind === "ip") return pass(atHost(walk, adapter.name), found, value, "forward", "host.in");
  return deliver(walk, found, value, { kind: "host", address: adapter.addresses[0] ?? anyAddress });
}

const anyAddress: Ip = ip("0.0.0.0");

/** On the host's side of an adapter. */
function atHost({ endpoint: _endpoint, network: _network, ...walk }: Walk, name: string): Walk {
  return { ...walk, in: name };
}

function toGroup(walk: Here, opening: Opening): Passage {
  const { scene, endpoint, packet } = walk;
  const { walk: looked, found: target } = look(walk, askedFor);
  if (target === undefined || endpoint.vnic.addresses.some((own) => own.startsWith(`${target}/`)))
    return flood(target === undefined ? looked : askedCell(looked, target), opening);
  const asked = askedCell(looked, target);
  const wanted = { ...opening, key: `who has ${target}` };
  const found = neighbourOf(scene, endpoint, askerOf(packet), target);
  switch (found.kind) {
    case "endpoint":
      return toVnic(asked, { ...wanted, writer: byEndpoint(found.endpoint) }, found.endpoint);
    case "adapter": {
      const value = `${found.adapter.mac}, the host's adapter ${found.adapter.name}`;
      return deliver(asked, wanted, value, { kind: "host", address: target });
    }
    case "apart":
      return drop(asked, wanted, "nobody answers", found.fault);
    case "wire":
      return onWire(asked, wanted, "nobody on this uplink has it: the wire is asked");
  }
}

const askerOf = (packet: Packet): Ip =>
  packet.kind === "ip" ? packet.source : packet.kind === "arp" ? packet.senderIp : anyAddress;

function flood(walk: Here, opening: Opening): Passage {
  const { scene, endpoint } = walk;
  const { lower } = endpoint.switch;
  const isAmong = meetsInKernel(endpoint.switch);
  const others = isAmong
    ? vnicsOn(scene, lower).filter((one) => one.key !== endpoint.key && meetsInKernel(one.switch))
    : [];
  const adapters = isAmong && walk.packet.kind === "ip" ? adaptersUp(walk) : [];
  const branches: Branch[] = [
    ...others.map(
      (one) =>
        ({ walk: { ...walk, endpoint: one, network: networkOf(scene, one) }, to: "compartment.in" }) as const,
    ),
    ...adapters.map(({ name }) => ({ walk: atHost(walk, name), to: "host.in" }) as const),
    { walk, to: "uplink.leave" },
  ];
  const count = `${others.length} other vNIC${others.length === 1 ? "" : "s"}`;
  const host = adapters.length === 0 ? "" : ", the host";
  const value = isAmong ? `${count}${host} and the wire` : "the wire alone";
  return { kind: "fork", walk, stage: { ...opening, value, decision: "forward" }, branches };
}

const adaptersUp = ({ scene, endpoint }: Here): readonly Adapter[] =>
  adaptersOn(scene, endpoint.switch.lower).filter((one) => adapterLink(scene, one)?.up === true);
