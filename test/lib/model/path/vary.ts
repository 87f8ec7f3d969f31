/** Packets that a trace says would fare the same, and what "the same" is. */
import { type Ip, ipFamily, ipFromNumber } from "../../../../lib/addr/ip.ts";
import { bounds, contains, type Prefix } from "../../../../lib/addr/prefix.ts";
import type { Consulted, FieldName } from "../../../../lib/model/path/consulted.ts";
import type { Probe } from "../../../../lib/model/path/start.ts";
import type { Trace, Verdict } from "../../../../lib/model/path/trace.ts";
import { addresses, macs, ports, protocols, type RandomCase } from "./random.ts";

/** What must be equal: all of the verdict but the words, which name the packet. */
export function fate({ packet, verdict }: Trace): unknown {
  return fateOf(verdict, packet.kind === "ip" ? packet.source : undefined);
}

function fateOf(verdict: Verdict, source: Ip | undefined): unknown {
  switch (verdict.kind) {
    case "delivered":
      return { kind: verdict.kind, to: verdict.to.kind === "host" ? "host" : verdict.to };
    case "leaves":
      return {
        kind: verdict.kind,
        interface: verdict.interface,
        // One that was not translated may be any.
        source: verdict.source === source ? "its own" : verdict.source,
      };
    case "dropped":
      return { kind: verdict.kind, stage: verdict.stage, reason: verdict.reason };
    case "perhaps":
      return { kind: verdict.kind, rules: verdict.rules, otherwise: fateOf(verdict.otherwise, source) };
    case "needs more input":
      return { kind: verdict.kind, stage: verdict.stage };
  }
}

/** The same packet with other values wherever the trace says that they do not matter. */
export function vary(one: RandomCase, { packet, consulted }: Trace, next: () => number): RandomCase {
  const by = new Map(consulted.map((cell) => [cell.field, cell]));
  const given = { ...one.probe } as Record<string, unknown>;
  // What the sender chose is now told.
  if (packet.kind === "ip" && one.probe.kind === "ip") given.source = packet.source;
  for (const field of varied(one.probe)) {
    const value = another(field, Reflect.get(packet, field), by.get(field), next);
    if (value === undefined) delete given[field];
    else given[field] = value;
  }
  const states = by.has("state") ? [one.state] : (["new", "established"] as const);
  return { ...one, probe: given as unknown as Probe, state: pick(states, next) };
}

function varied(probe: Probe): readonly FieldName[] {
  const raw = "destinationMac" in probe ? (["destinationMac"] as const) : [];
  if (probe.kind === "other") return ["sourceMac", "destinationMac", "etherType", "snap"];
  if (probe.kind === "arp") return ["sourceMac", "senderMac", "senderIp", "targetIp", ...raw];
  return [
    "sourceMac",
    "source",
    "destination",
    "protocol",
    "sourcePort",
    "destinationPort",
    "opens",
    "icmpType",
    "target",
    "fragment",
    "bytes",
    "ttl",
    ...raw,
  ];
}

function another(field: FieldName, value: unknown, cell: Consulted | undefined, next: () => number): unknown {
  if (cell?.kind === "value") return value;
  if (cell?.kind === "prefix") return within(cell.prefix, next);
  const pool = poolOf(field, value);
  if (cell?.kind !== "range") return pick(pool, next);
  const { first = 0, last = 65535 } = cell;
  const fitting = pool.filter((n) => typeof n === "number" && first <= n && n <= last);
  return pick([value, first, last, ...fitting], next);
}

function within(prefix: Prefix, next: () => number): Ip {
  const pool = [...addresses[4], ...addresses[6]].filter((address) => contains(prefix, address));
  const { first, last } = bounds(prefix);
  const family = prefix.includes(":") ? 6 : 4;
  const random = ipFromNumber(family, first + ((BigInt(next()) * 7919n) % (last - first + 1n)));
  return pick([random, ...pool, ...pool], next);
}

function poolOf(field: FieldName, value: unknown): readonly unknown[] {
  switch (field) {
    case "sourceMac":
    case "destinationMac":
    case "senderMac":
      return macs;
    case "source":
    case "destination":
    case "senderIp":
    case "targetIp":
      return addresses[ipFamily(value as Ip)];
    case "etherType":
      return [0x88b5, 0x8100, 40];
    case "snap":
      return [undefined, true];
    case "target":
      return [undefined, ...addresses[6]];
    case "protocol":
      return protocols;
    case "sourcePort":
    case "destinationPort":
      return value === undefined ? [undefined] : ports;
    case "opens":
      return [undefined, false, true];
    case "icmpType":
      return [undefined, 0, 3, 8, 128, 129, 134, 135, 136];
    case "fragment":
      return [undefined, "first", "later"];
    case "bytes":
      return [undefined, 60, 1280, 1281, 1400, 1500, 1501, 9000];
    case "ttl":
      return [undefined, 0, 1, 2, 64];
    default:
      return [value];
  }
}

const pick = <T>(list: readonly T[], next: () => number): T => list[next() % list.length] as T;
