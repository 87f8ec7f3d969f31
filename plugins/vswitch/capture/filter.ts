/** Which frames a capture keeps. Pure. */
import { type Ip, parseIp } from "../../../lib/addr/ip.ts";
import { contains, hostPrefix, type Prefix, parsePrefix } from "../../../lib/addr/prefix.ts";
import { UsageError } from "../terminal.ts";
import type { DecodedFrame } from "./frame.ts";

/** All that is named must hold; nothing named is everything. */
export interface Filter {
  /** Either end, or what ARP asks for. */
  readonly host?: Prefix;
  /** Of either end. */
  readonly port?: number;
  /** As `DecodedFrame` names it; `icmp` of either family. */
  readonly protocol?: string;
}

export interface FilterWords {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly proto?: string | undefined;
}

/** @throws {UsageError} */
export function parseFilter({ host, port, proto }: FilterWords): Filter {
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535))
    throw new UsageError(`--port ${port} is no port: 1 to 65535`);
  return {
    ...(host === undefined ? {} : { host: parseHost(host) }),
    ...(port === undefined ? {} : { port }),
    ...(proto === undefined ? {} : { protocol: proto.toLowerCase() }),
  };
}

function parseHost(text: string): Prefix {
  const address = parseIp(text);
  const prefix = address === undefined ? parsePrefix(text) : hostPrefix(address);
  if (prefix === undefined) throw new UsageError(`--host ${text} is neither an address nor a prefix`);
  return prefix;
}

/** @param frame undefined: one that cannot be read, which only a filter that asks for nothing keeps */
export function keeps({ host, port, protocol }: Filter, frame: DecodedFrame | undefined): boolean {
  if (frame === undefined) return host === undefined && port === undefined && protocol === undefined;
  const is = (address: Ip | undefined): boolean =>
    host === undefined || (address !== undefined && contains(host, address));
  return (
    (is(frame.source) || is(frame.destination)) &&
    (port === undefined || frame.sourcePort === port || frame.destinationPort === port) &&
    (protocol === undefined || protocol === frame.protocol || `${protocol}v6` === frame.protocol)
  );
}
