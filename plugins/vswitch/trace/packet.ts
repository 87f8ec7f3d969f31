/** The packet to be traced, from the words of the call. Pure. */
import { type Family, type Ip, ipBytes, ipFamily, ipFromBytes } from "../../../lib/addr/ip.ts";
import { type Mac, macFromBytes, parseMac } from "../../../lib/addr/mac.ts";
import type { Probe } from "../../../lib/model/path/start.ts";
import type { ConnectionState } from "../../../lib/model/path/trace.ts";
import { IPPROTO, type IpPacket, ND } from "../../../lib/policy/packet.ts";
import { UsageError } from "../terminal.ts";
import { parseAddress, parsePort, type Start, type Target } from "./ends.ts";
import type { TraceProtocol } from "./protocols.ts";

export interface PacketWords {
  /** Absent: tcp when there is a port, else icmp. */
  readonly proto?: TraceProtocol | undefined;
  readonly sport?: number | undefined;
  readonly bytes?: number | undefined;
  readonly ttl?: number | undefined;
  readonly state: ConnectionState;
  readonly "spoof-source"?: string | undefined;
  readonly "spoof-mac"?: string | undefined;
}

/** A port such as kernels choose. */
const usualSourcePort = 40_000;

/** @throws {UsageError} for words that do not go together */
export function packetOf(words: PacketWords, from: Start, to: Target): Probe {
  const proto = words.proto ?? (to.port === undefined ? "icmp" : "tcp");
  requireSense(words, proto, to);
  const spoofed = words["spoof-source"];
  const source = spoofed === undefined ? from.source : parseAddress(spoofed);
  if (source !== undefined && ipFamily(source) !== ipFamily(to.address))
    throw new UsageError(`${source} and ${to.address} are of different families`);
  const mac = words["spoof-mac"];
  const sourceMac = mac === undefined ? {} : { sourceMac: macOf(mac) };
  if (proto === "arp") return { ...whoHas(from, to.address, source), ...sourceMac };
  const { bytes, ttl } = words;
  return {
    kind: "ip",
    destination: to.address,
    ...(source === undefined ? {} : { source }),
    ...sourceMac,
    ...transport(proto, words, to),
    ...(bytes === undefined ? {} : { bytes }),
    ...(ttl === undefined ? {} : { ttl }),
  };
}

function requireSense(words: PacketWords, proto: TraceProtocol, { port }: Target): void {
  const { sport, bytes, ttl } = words;
  const hasPorts = proto !== "icmp" && proto !== "arp";
  if (!hasPorts && port !== undefined) throw new UsageError(`${proto} has no ports, and --to names ${port}`);
  if (!hasPorts && sport !== undefined)
    throw new UsageError(`${proto} has no ports: --sport does not go with it`);
  if (sport !== undefined) parsePort(`${sport}`);
  requireWithin("bytes", bytes, 20, 65_535);
  requireWithin("ttl", ttl, 0, 255);
}

function requireWithin(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isInteger(value) && least <= value && value <= most)) return;
  throw new UsageError(`--${name} must be a whole number from ${least} to ${most}`);
}

function macOf(text: string): Mac {
  const mac = parseMac(text);
  if (mac === undefined) throw new UsageError(`"${text}" is no MAC address`);
  return mac;
}

type Transport = Pick<IpPacket, "protocol" | "sourcePort" | "destinationPort" | "opens" | "icmpType">;

function transport(
  proto: Exclude<TraceProtocol, "arp">,
  { sport, state }: PacketWords,
  to: Target,
): Transport {
  if (proto === "icmp") return echo[ipFamily(to.address)];
  return {
    protocol: IPPROTO[proto],
    sourcePort: sport ?? usualSourcePort,
    ...(to.port === undefined ? {} : { destinationPort: to.port }),
    ...(proto === "tcp" ? { opens: state === "new" } : {}),
  };
}

/** Echo request: RFC 792, RFC 4443. */
const echo: Readonly<Record<Family, Transport>> = {
  4: { protocol: IPPROTO.icmp, icmpType: 8 },
  6: { protocol: IPPROTO.icmp6, icmpType: 128 },
};

/** ARP; for IPv6 neighbour solicitation, to the group of those whose address ends so (RFC 4291 2.7.1). */
function whoHas({ start }: Start, target: Ip, source: Ip | undefined): Probe {
  if (start.kind !== "endpoint") throw new UsageError("arp is asked on a switch: --from must be an endpoint");
  if (ipFamily(target) === 4)
    return {
      kind: "arp",
      operation: "request",
      targetIp: target,
      ...(source === undefined ? {} : { senderIp: source }),
    };
  const [a = 0, b = 0, c = 0] = ipBytes(target).subarray(13);
  return {
    kind: "ip",
    destination: ipFromBytes(Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, a, b, c)),
    destinationMac: macFromBytes(Uint8Array.of(0x33, 0x33, 0xff, a, b, c)),
    protocol: IPPROTO.icmp6,
    icmpType: ND.neighbourSolicit,
    target,
    ...(source === undefined ? {} : { source }),
  };
}
