/** Capability `portMappings`: ports the runtime wants published (CNI conventions "portMappings"). */
import { type Ip, parseIp } from "../addr/ip.ts";
import { type IssueSink, isObject, readInteger, readList, readString, report } from "./read.ts";

export interface PortMappingRequest {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly hostPort: number;
  readonly containerPort: number;
  /** As asked: 0.0.0.0 means every IPv4 address, :: every address, absent no wish. */
  readonly hostIp?: Ip;
}

/** @returns the mappings without those of host port 0 (Kubernetes' "not published") and without repetitions */
export function readPortMappings(
  value: unknown,
  path: string,
  issues: IssueSink,
): readonly PortMappingRequest[] {
  const seen = new Set<string>();
  return readList(value, path, issues, (item, at) => {
    const mapping = readPortMapping(item, at, issues);
    if (mapping === undefined) return undefined;
    const key = `${mapping.protocol} ${mapping.hostIp} ${mapping.hostPort} ${mapping.containerPort}`;
    if (seen.has(key)) return undefined;
    seen.add(key);
    return mapping;
  });
}

function readPortMapping(item: unknown, path: string, issues: IssueSink): PortMappingRequest | undefined {
  if (!isObject(item)) return report(issues, path, "an object", item);
  const { hostPort: wanted = 0 } = item;
  if (typeof wanted === "number" && wanted <= 0) return undefined;
  const hostPort = readInteger(wanted, `${path}.hostPort`, issues, ports);
  const containerPort =
    item.containerPort === undefined
      ? report(issues, `${path}.containerPort`, "an integer from 1 to 65535", undefined)
      : readInteger(item.containerPort, `${path}.containerPort`, issues, ports);
  const protocol = readProtocol(item.protocol, `${path}.protocol`, issues);
  const hostText = readString(item.hostIP, `${path}.hostIP`, issues);
  const hostIp = hostText === undefined ? undefined : parseIp(hostText);
  if (hostText !== undefined && hostIp === undefined)
    report(issues, `${path}.hostIP`, "an IP address", hostText);
  if (hostPort === undefined || containerPort === undefined || protocol === undefined) return undefined;
  return { protocol, hostPort, containerPort, ...(hostIp !== undefined && { hostIp }) };
}

const ports = { min: 1, max: 65535 } as const;

function readProtocol(
  value: unknown,
  path: string,
  issues: IssueSink,
): PortMappingRequest["protocol"] | undefined {
  const text = (readString(value, path, issues) ?? "tcp").toLowerCase();
  if (text === "tcp" || text === "udp" || text === "sctp") return text;
  return report(issues, path, "tcp, udp or sctp", value);
}
