/** `--publish` in the words that container engines use. Pure. */
import { type Ip, ipFamily, parseIp } from "../../../lib/addr/ip.ts";
import { portProtocols } from "../../../lib/policy/port-mapping.ts";
import { UsageError } from "../terminal.ts";

/** As runtimes hand it to plugins: the capability `portMappings` of the CNI conventions. */
export interface Publication {
  readonly hostIP?: Ip;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: string;
}

/** @param text `[ADDRESS:]HOSTPORT[:CONTAINERPORT][/PROTOCOL]`, IPv6 in brackets. @throws {UsageError} */
export function parsePublication(text: string): Publication {
  const found = /^(?:(\[[^\]]+\]|[0-9]+(?:\.[0-9]+){3}):)?([0-9]+)(?::([0-9]+))?(?:\/([a-z]+))?$/i.exec(text);
  const [, address, hostPort, containerPort = hostPort, protocol = "tcp"] = found ?? [];
  const hostIP = address === undefined ? undefined : parseIp(address.replace(/[[\]]/g, ""));
  const [outer, inner] = [Number(hostPort), Number(containerPort)];
  const isPort = (port: number): boolean => port >= 1 && port <= 65_535;
  const known = (portProtocols as readonly string[]).includes(protocol.toLowerCase());
  if (!known || !isPort(outer) || !isPort(inner) || (address !== undefined && hostIP === undefined)) {
    throw new UsageError(
      `--publish ${text} is none of 8080:80, 8080:80/udp, 127.0.0.1:8080:80, [2001:db8::1]:8080:80/tcp`,
    );
  }
  const ports = { hostPort: outer, containerPort: inner, protocol: protocol.toLowerCase() };
  return hostIP === undefined ? ports : { hostIP, ...ports };
}

export function formatPublication({ hostIP, hostPort, containerPort, protocol }: Publication): string {
  const at = hostIP === undefined ? "" : ipFamily(hostIP) === 6 ? `[${hostIP}]:` : `${hostIP}:`;
  return `${at}${hostPort}/${protocol} -> ${containerPort}`;
}
