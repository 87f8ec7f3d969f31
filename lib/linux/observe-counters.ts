/** Counters of all our ports, from the links themselves and from what the layers count. */
import type { Counters, Drops, PortCounters, SwitchState } from "../model/counters.ts";
import { decodeLink, type Link, type LinkStats } from "../netlink/route/decode-link.ts";
import { dumpLinks } from "../netlink/route/link.ts";
import { markedKey, parseSwitchAlias } from "./mark.ts";
import type { Readers } from "./observe.ts";
import { observeDrops } from "./observe-drops.ts";

/** @param atMs now, in milliseconds since 1970 */
export function observeCounters({ host, rules }: Pick<Readers, "host" | "rules">, atMs: number): Counters {
  const of = (kind: string) => host.request(dumpLinks({ kind, stats: true })).map(decodeLink);
  const switches = of("bridge").flatMap(toSwitch);
  const names = new Map(switches.map(({ index, state }) => [index, state.name]));
  const dropped = observeDrops(rules);
  return {
    atMs,
    switches: switches.map(({ state }) => state),
    ports: of("veth").flatMap((link) => toPort(link, names, dropped)),
  };
}

function toSwitch(link: Link): { readonly index: number; readonly state: SwitchState }[] {
  const mark = parseSwitchAlias(link.name, link.mtu, link.alias);
  if (mark === undefined) return [];
  return [{ index: link.index, state: { name: link.name, network: mark.network, up: link.up } }];
}

function toPort(
  link: Link,
  names: ReadonlyMap<number, string>,
  dropped: ReadonlyMap<string, readonly Drops[]>,
): PortCounters[] {
  const key = markedKey(link.alias);
  if (key === undefined) return [];
  const { name, up, stats, master } = link;
  const vswitch = master === undefined ? undefined : names.get(master);
  return [
    {
      name,
      key,
      up,
      ...(vswitch === undefined ? {} : { switch: vswitch }),
      // The host's end receives what the container sends.
      out: { packets: Number(stats?.rxPackets ?? 0n), bytes: Number(stats?.rxBytes ?? 0n) },
      in: { packets: Number(stats?.txPackets ?? 0n), bytes: Number(stats?.txBytes ?? 0n) },
      drops: [...(dropped.get(name) ?? []), ...(stats === undefined ? [] : kernelDrops(stats))],
    },
  ];
}

function kernelDrops({ rxErrors, rxDropped, txErrors, txDropped }: LinkStats): readonly Drops[] {
  const all: readonly Drops[] = [
    { layer: "kernel", direction: "Out", packets: Number(rxErrors + rxDropped) },
    { layer: "kernel", direction: "In", packets: Number(txErrors + txDropped) },
  ];
  return all.filter(({ packets }) => packets > 0);
}
