/** What all formats of a trace say in the same words. Pure. */
import { prefixAddress, prefixLength } from "../../../lib/addr/prefix.ts";
import type { Consulted, FieldName } from "../../../lib/model/path/consulted.ts";
import { formatFlow, formatSocket, protocolName } from "../../../lib/model/path/format-flow.ts";
import type {
  Encapsulation,
  Leaves,
  Place,
  Recipient,
  Verdict,
  Writer,
} from "../../../lib/model/path/trace.ts";
import { hasPorts, type Packet } from "../../../lib/policy/packet.ts";
import { shortId } from "../format.ts";

/** The verdict's first line, and what is to be said below it. */
export interface VerdictWords {
  readonly headline: string;
  readonly lines: readonly string[];
}

/** @param host the other host that it ends on */
export function verdictWords(verdict: Verdict, host?: string): VerdictWords {
  const on = host === undefined ? "" : ` on ${host}`;
  switch (verdict.kind) {
    case "delivered":
      return {
        headline: `DELIVERED to ${recipient(verdict.to)}${on}`,
        lines: [`as ${formatFlow(verdict.packet)}`],
      };
    case "leaves":
      if (verdict.tunnel !== undefined) return handedOver(verdict, verdict.tunnel);
      return {
        headline: `LEAVES ${host ?? "the host"} by ${verdict.interface}${verdict.vlan === undefined ? "" : `, in VLAN ${verdict.vlan}`}`,
        lines: [`as ${formatFlow(verdict.packet)}`, "What becomes of it beyond the host is not known here."],
      };
    case "dropped":
      return {
        headline: `DROPPED${on} at ${verdict.stage} (${verdict.reason}): ${verdict.by}`,
        lines: [verdict.remedy],
      };
    case "perhaps": {
      const { headline } = verdictWords(verdict.otherwise, host);
      return {
        headline: "PERHAPS: rules that are not understood decide",
        lines: [...verdict.rules, `If they let it pass: ${headline}`, verdict.remedy],
      };
    }
    case "needs more input":
      return {
        headline: `NEEDS MORE INPUT${on} at ${verdict.stage}`,
        lines: [`It depends on ${verdict.what}.`],
      };
  }
}

/** To another host of an overlay network. */
function handedOver({ packet, interface: name }: Leaves, tunnel: Encapsulation): VerdictWords {
  const { vtep, source, port, vni } = tunnel;
  return {
    headline: `HANDED to VTEP ${vtepName(tunnel)} by ${name}`,
    lines: [
      `as ${formatFlow(packet)}`,
      `inside udp ${formatSocket(source, undefined)} -> ${formatSocket(vtep, port)}, VNI ${vni}`,
      "The far switch is not known here: give --peer, or trace on that host.",
    ],
  };
}

/** With the name of its host, where that is another. */
export const vtepName = ({ vtep, node }: Encapsulation): string =>
  node === undefined || node === vtep ? vtep : `${vtep} (host ${node})`;

export function recipient(to: Recipient): string {
  switch (to.kind) {
    case "endpoint":
      return shortNames(to.owner);
    case "host":
      return `the host, at ${to.address}`;
    case "group":
      return `all on ${to.switch} that take it: ${to.members.map(shortNames).join(", ")}`;
  }
}

/** 0 it arrives or leaves, 3 dropped, 4 not sure. */
export function exitCodeOf({ kind }: Verdict): number {
  if (kind === "dropped") return 3;
  return kind === "delivered" || kind === "leaves" ? 0 : 4;
}

export function writerWords(writer: Writer): string {
  switch (writer.kind) {
    case "endpoint":
      return shortNames(writer.owner);
    case "network":
      return `network ${writer.network}`;
    case "directory":
      return writer.type === "static"
        ? `configuration of network ${writer.network}`
        : `directory of network ${writer.network} (${writer.type}), revision ${writer.revision}`;
    case "kernel":
      return "kernel";
    case "foreign":
      return `${writer.table}, chain ${writer.chain}`;
  }
}

/** Ids of containers as short as they are printed elsewhere. */
export const placeWords = ({ kind, name }: Place): string =>
  kind === "host" ? "host" : `${kind} ${shortNames(name)}`;

export const shortNames = (text: string): string => text.split("/").map(shortId).join("/");

const fieldWords: Readonly<Partial<Record<FieldName, string>>> = {
  state: "connection",
  sourceMac: "source MAC",
  destinationMac: "destination MAC",
  senderMac: "sender MAC",
  senderIp: "sender address",
  targetIp: "asked address",
  sourcePort: "source port",
  destinationPort: "destination port",
  opens: "opens a connection",
  icmpType: "ICMP type",
  bytes: "bytes",
  ttl: "hops left (TTL)",
};

/** Name and values of a field that mattered. */
export function consultedWords(one: Consulted): readonly [name: string, values: string] {
  const name = fieldWords[one.field] ?? one.field;
  switch (one.kind) {
    case "value":
      return [name, valueWords(one.field, one.value)];
    case "prefix": {
      const whole = prefixLength(one.prefix) === (one.prefix.includes(":") ? 128 : 32);
      if (whole) return [name, prefixAddress(one.prefix)];
      const length = prefixLength(one.prefix);
      return [name, length === 0 ? `any IPv${one.prefix.includes(":") ? 6 : 4}` : one.prefix];
    }
    case "range":
      return [name, rangeWords(one)];
  }
}

function valueWords(field: FieldName, value: string | number | boolean | undefined): string {
  if (field === "protocol" && typeof value === "number") return protocolName(value);
  if (value === undefined) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return `${value}`;
}

function rangeWords({ first, last }: { readonly first?: number; readonly last?: number }): string {
  if (first === last && first !== undefined) return `${first}`;
  if (first === undefined) return `at most ${last}`;
  return last === undefined ? `at least ${first}` : `${first} to ${last}`;
}

/** What a stage has changed. MACs change on each link, and are left out. */
export function changesBetween(before: Packet, after: Packet): readonly string[] {
  if (before.kind !== "ip" || after.kind !== "ip") return [];
  const ports = hasPorts(after.protocol);
  const changes: string[] = [];
  const said = (name: string, one: string, other: string) => {
    if (one !== other) changes.push(`${name} ${one} -> ${other}`);
  };
  const end = (packet: typeof after, side: "source" | "destination") =>
    formatSocket(packet[side], ports ? packet[`${side}Port`] : undefined);
  said("source", end(before, "source"), end(after, "source"));
  said("destination", end(before, "destination"), end(after, "destination"));
  said("ttl", `${before.ttl ?? ""}`, `${after.ttl ?? ""}`);
  return changes;
}
