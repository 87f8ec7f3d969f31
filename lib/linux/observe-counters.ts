/** Counters of all our ports, from the links themselves and from what the layers count. */
import type { Counters, Drops, PortCounters, SwitchState, TunnelCounters } from "../model/counters.ts";
import { decodeLink, type Link, type LinkStats } from "../netlink/route/decode-link.ts";
import { dumpLinks } from "../netlink/route/link.ts";
import { decodeVxlan } from "../netlink/route/vxlan.ts";
import { limiterName } from "./limiter.ts";
import type { Readers } from "./machine.ts";
import { markedKey, markedNetwork, parseSwitchAlias } from "./mark.ts";
import { observeDrops, observeLimitDrops, observeTunnelDrops } from "./observe-drops.ts";

/** @param atMs now, in milliseconds since 1970 */
export function observeCounters(
  { host, rules }: Pick<Readers, "host" | "rules">,
  atMs: number,
): Omit<Counters, "uplinks"> {
  const of = (kind: string) => host.request(dumpLinks({ kind, stats: true })).map(decodeLink);
  const bridges = of("bridge");
  const limiters = of("ifb");
  const known: Known = {
    switches: new Map(bridges.map(({ index, name }) => [index, name])),
    limiters: new Map(limiters.map(({ index, name }) => [name, index])),
    dropped: observeDrops(rules),
    filtered: observeTunnelDrops(rules),
    limited: observeLimitDrops(host),
  };
  return {
    atMs,
    switches: bridges.flatMap((link) => toSwitch(link, known)),
    // A guest's tap may be the port.
    ports: ["veth", "tun"].flatMap(of).flatMap((link) => toPort(link, known)),
    tunnels: of("vxlan").flatMap((link) => toTunnel(link, known)),
  };
}

/** What is read once for all ports. */
interface Known {
  /** Name by index. */
  readonly switches: ReadonlyMap<number, string>;
  /** Index by name. */
  readonly limiters: ReadonlyMap<string, number>;
  /** By name. */
  readonly dropped: ReadonlyMap<string, readonly Drops[]>;
  /** By VNI. */
  readonly filtered: ReadonlyMap<number, Drops>;
  /** By index. */
  readonly limited: ReadonlyMap<number, number>;
}

function toSwitch({ name, mtu, alias, up }: Link, { dropped }: Known): SwitchState[] {
  const mark = parseSwitchAlias(name, mtu, alias);
  return mark === undefined ? [] : [{ name, network: mark.network, up, drops: dropped.get(name) ?? [] }];
}

/** What is not to be reached is on the other hosts. */
function toTunnel(link: Link, { dropped, filtered }: Known): TunnelCounters[] {
  const network = markedNetwork(link.alias);
  const vni = decodeVxlan(link)?.vni;
  if (network === undefined || vni === undefined) return [];
  const { name, up, stats } = link;
  const drops = [
    filtered.get(vni) ?? [],
    (dropped.get(name) ?? []).map((one) =>
      one.layer === "isolation" ? { ...one, direction: "Out" as const } : one,
    ),
    stats === undefined ? [] : tunnelDrops(stats),
  ].flat();
  return [
    {
      name,
      network,
      vni,
      up,
      out: { packets: Number(stats?.txPackets ?? 0n), bytes: Number(stats?.txBytes ?? 0n) },
      in: { packets: Number(stats?.rxPackets ?? 0n), bytes: Number(stats?.rxBytes ?? 0n) },
      drops: drops.filter(({ packets }) => packets > 0),
    },
  ];
}

const tunnelDrops = ({ rxErrors, rxDropped, txErrors, txDropped }: LinkStats): readonly Drops[] => [
  { layer: "kernel", direction: "In", packets: Number(rxErrors + rxDropped) },
  { layer: "kernel", direction: "Out", packets: Number(txErrors + txDropped) },
];

function toPort(link: Link, known: Known): PortCounters[] {
  const key = markedKey(link.alias);
  if (key === undefined) return [];
  const { name, up, stats, master } = link;
  const vswitch = master === undefined ? undefined : known.switches.get(master);
  const limiter = known.limiters.get(limiterName(key));
  const drops = [
    ...(known.dropped.get(name) ?? []),
    { layer: "qos", direction: "In", packets: known.limited.get(link.index) ?? 0 } as const,
    { layer: "qos", direction: "Out", packets: known.limited.get(limiter ?? 0) ?? 0 } as const,
    ...(stats === undefined ? [] : kernelDrops(stats)),
  ];
  return [
    {
      name,
      key,
      up,
      ...(vswitch === undefined ? {} : { switch: vswitch }),
      // The host's end receives what the container sends.
      out: { packets: Number(stats?.rxPackets ?? 0n), bytes: Number(stats?.rxBytes ?? 0n) },
      in: { packets: Number(stats?.txPackets ?? 0n), bytes: Number(stats?.txBytes ?? 0n) },
      drops: drops.filter(({ packets }) => packets > 0),
    },
  ];
}

function kernelDrops({ rxErrors, rxDropped, txErrors, txDropped }: LinkStats): readonly Drops[] {
  return [
    { layer: "kernel", direction: "Out", packets: Number(rxErrors + rxDropped) },
    { layer: "kernel", direction: "In", packets: Number(txErrors + txDropped) },
  ];
}
