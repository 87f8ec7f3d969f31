/** A host that forwards between two neighbours, for rules of other programs: what they do to real packets. */

import { closeSync, openSync } from "node:fs";
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { readLegacyChains } from "../../../../lib/linux/foreign/legacy-chains.ts";
import { readForeignChains } from "../../../../lib/linux/foreign/read-foreign.ts";
import { encodeFrame, encodePacket, type Transport } from "../../../../lib/linux/live/frame.ts";
import { inCompartment } from "../../../../lib/linux/netns.ts";
import type { ForeignChain } from "../../../../lib/model/foreign.ts";
import { type ForeignJudgement, judgeForeign } from "../../../../lib/model/path/foreign.ts";
import type { Netlink } from "../../../../lib/netlink/connection.ts";
import { hasPorts, IPPROTO, type IpPacket } from "../../../../lib/policy/packet.ts";
import { createHost, type Host } from "../../../system/host.ts";
import type { Namespace } from "../../../system/namespaces.ts";
import { netfilterIn } from "../layout/netfilter-in.ts";
import { openRaw, type RawSocket } from "./raw-socket.ts";

/** The router's interfaces, with the neighbour beyond each. */
export const sides = {
  left: { interface: "vsw-nat", mac: mac("02:00:00:00:00:0a"), router: mac("02:00:00:00:01:0a") },
  right: { interface: "eth0", mac: mac("02:00:00:00:00:0b"), router: mac("02:00:00:00:01:0b") },
} as const;
export type Side = keyof typeof sides;

/** Prefixes beyond each side. */
export const beyond = {
  left: ["10.1.0.0/16", "fd00:1::/32"],
  right: ["198.51.100.0/24", "203.0.113.0/24", "2001:db8:2::/48"],
} as const;

/** A packet that goes through the router. */
export interface Passing {
  readonly from: Side;
  readonly source: string;
  readonly destination: string;
  readonly protocol: "tcp" | "udp" | "icmp";
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** `established`: the answer to a packet that the other side sent before. */
  readonly state: "new" | "established";
}

export interface Router extends AsyncDisposable {
  readonly host: Host;
  readonly rules: Netlink;
  /** Forgets all connections and rules, and opens the connections of those that are established. */
  prepare(packets: readonly Passing[]): Promise<void>;
  /** Sends all and tells for each whether it came out on the other side. */
  passes(packets: readonly Passing[]): Promise<readonly boolean[]>;
  chains(): readonly ForeignChain[];
}

const other = { left: "right", right: "left" } as const;

export async function createRouter(): Promise<Router> {
  const host = await createHost({ uplink: false });
  const rules = netfilterIn(host.ns);
  const neighbours = { left: await host.compartment("left"), right: await host.compartment("right") };
  await host.exec(host.ns, "sh", "-ec", script(neighbours));
  const sockets = { left: openIn(neighbours.left), right: openIn(neighbours.right) };
  let nextTag = 1;
  const send = (packet: Passing, tag: number): void => {
    const { mac: source, router } = sides[packet.from];
    sockets[packet.from].send(encodeFrame(router, source, bytesOf(packet, tag)));
  };
  /** Tags of what the router gave to each side; an ICMP error to the sender bears the tag of its packet too. */
  const arrived = async (): Promise<Readonly<Record<Side, ReadonlySet<number>>>> => {
    const tags = { left: new Set<number>(), right: new Set<number>() };
    for (let quiet = 0; quiet < 2; quiet++) {
      for (const side of ["left", "right"] as const) {
        for (const frame of sockets[side].receive()) {
          if (isFromRouter(frame)) tags[side].add(tagOf(frame));
          quiet = 0;
        }
      }
      await Bun.sleep(1);
    }
    return tags;
  };
  return {
    host,
    rules,
    async prepare(packets) {
      await host.exec(host.ns, "sh", "-ec", forget);
      for (const packet of packets) if (packet.state === "established") send(opener(packet), 0);
      await arrived();
    },
    async passes(packets) {
      await arrived();
      const first = nextTag;
      // Tags are not used again soon: what comes late must not be taken for another.
      nextTag = (nextTag + packets.length) % 60_000;
      packets.forEach((packet, i) => {
        send(packet, first + i);
      });
      const tags = await arrived();
      return packets.map(({ from }, i) => tags[other[from]].has(first + i));
    },
    chains: () => [...readForeignChains(rules), ...inNamespace(host.ns, readLegacyChains)],
    async [Symbol.asyncDispose]() {
      rules.close();
      for (const socket of Object.values(sockets)) socket.close();
      await host.close();
    },
  };
}

/** Connections are tracked from the first packet on, whether a rule asks for their state or not; the name is ours. */
const forget = `conntrack -F 2>/dev/null; nft -f - <<'END'
flush ruleset
table inet vswitch-track {
  chain c {
    type filter hook prerouting priority 300; policy accept;
    ct state new counter
  }
}
END`;

function script(neighbours: Readonly<Record<Side, Namespace>>): string {
  const links = (["left", "right"] as const).map((side) => {
    const { interface: name, mac: address, router } = sides[side];
    const routes = beyond[side].map((prefix) =>
      prefix.includes(":")
        ? `ip -6 route add ${prefix} via fe80::2 dev ${name}`
        : `ip route add ${prefix} via 169.254.0.2 dev ${name} onlink`,
    );
    return `
      ip link add ${name} address ${router} type veth peer name eth0 address ${address} netns ${neighbours[side].name}
      ip link set ${name} addrgenmode none up
      ip -n ${neighbours[side].name} link set eth0 addrgenmode none up
      sysctl -qw net.ipv4.conf.${name}.rp_filter=0 net.ipv4.conf.${name}.forwarding=1
      ip address add 192.0.2.${side === "left" ? 1 : 2}/32 dev ${name}
      ip address add fe80::1/64 dev ${name} nodad
      ip neigh add 169.254.0.2 lladdr ${address} dev ${name} nud permanent
      ip neigh add fe80::2 lladdr ${address} dev ${name} nud permanent
      ${routes.join("\n")}`;
  });
  return `sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ${links.join("\n")}`;
}

const openIn = (ns: Namespace): RawSocket => inNamespace(ns, () => openRaw("eth0"));

function inNamespace<T>({ path }: Namespace, fn: () => T): T {
  const fd = openSync(path, "r");
  try {
    return inCompartment({ fd, path }, fn);
  } finally {
    closeSync(fd);
  }
}

/** What the other side sent before, so that the packet is an answer. */
function opener(packet: Passing): Passing {
  return {
    ...packet,
    from: other[packet.from],
    source: packet.destination,
    destination: packet.source,
    sourcePort: packet.destinationPort,
    destinationPort: packet.sourcePort,
    state: "new",
  };
}

const SYN = 2;
const SYN_ACK = 18;

function bytesOf(packet: Passing, tag: number): Uint8Array {
  const fields = { source: ip(packet.source), destination: ip(packet.destination) };
  return encodePacket(fields, transportOf(packet), Uint8Array.of(0, 0, tag >> 8, tag));
}

function transportOf(packet: Passing): Transport {
  const { protocol, sourcePort, destinationPort, state } = packet;
  const isNew = state === "new";
  if (protocol === "icmp") return { kind: "icmp", type: icmpType(packet), id: idOf(packet), sequence: 1 };
  if (protocol === "udp") return { kind: "udp", sourcePort, destinationPort };
  const numbers = isNew
    ? { flags: SYN, sequence: 1000 }
    : { flags: SYN_ACK, sequence: 5000, acknowledgement: 1001 };
  return { kind: "tcp", sourcePort, destinationPort, ...numbers };
}

/** Of both directions the same. */
const idOf = ({ sourcePort, destinationPort }: Passing): number => Math.max(sourcePort, destinationPort);

const icmpType = ({ source, state }: Passing): number =>
  source.includes(":") ? (state === "new" ? 128 : 129) : state === "new" ? 8 : 0;

const tagOf = (frame: Uint8Array): number => ((frame.at(-2) ?? 0) << 8) | (frame.at(-1) ?? 0);

/** What the neighbour itself sent is seen by its own socket too. */
const isFromRouter = (frame: Uint8Array): boolean => frame[10] === 1;

/** The packet as the model sees it. */
export function packetOf(passing: Passing): IpPacket {
  const { protocol: name } = passing;
  const v6 = passing.source.includes(":");
  const protocol = name === "icmp" ? (v6 ? IPPROTO.icmp6 : IPPROTO.icmp) : IPPROTO[name];
  return {
    kind: "ip",
    sourceMac: sides[passing.from].mac,
    destinationMac: sides[passing.from].router,
    source: ip(passing.source),
    destination: ip(passing.destination),
    protocol,
    ...(hasPorts(protocol)
      ? { sourcePort: passing.sourcePort, destinationPort: passing.destinationPort }
      : { icmpType: icmpType(passing) }),
    ...(name === "tcp" && passing.state === "new" && { opens: true }),
  };
}

/** What all hooks on the way of a forwarded packet say. */
export function judgePassing(chains: readonly ForeignChain[], passing: Passing): ForeignJudgement {
  const packet = packetOf(passing);
  const names = { in: sides[passing.from].interface, out: sides[other[passing.from]].interface };
  const base = { packet, state: passing.state, dnat: false };
  const said = [
    judgeForeign(chains, "prerouting", { ...base, in: names.in }),
    judgeForeign(chains, "forward", { ...base, ...names }),
    judgeForeign(chains, "postrouting", { ...base, ...names }),
  ];
  const dropped = said.find(({ verdict }) => verdict === "drop");
  return dropped ?? said.find(({ verdict }) => verdict === "perhaps") ?? { verdict: "accept" };
}
