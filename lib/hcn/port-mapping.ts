/** HCN's PortMapping: settings to what a runtime asks for by the capability `portMappings`. */
import { parseIp } from "../addr/ip.ts";
import type { PortMappingRequest } from "../cni/capability.ts";
import { type Issue, readInteger, report } from "../cni/read.ts";
import type { PortProtocol } from "../policy/port-mapping.ts";
import type { RawPolicy } from "./envelope.ts";
import { settingsOf } from "./settings.ts";

/** IANA protocol numbers, as HCN writes them; older tools write the name. */
const protocols: ReadonlyMap<unknown, PortProtocol> = new Map<unknown, PortProtocol>([
  [6, "tcp"],
  [17, "udp"],
  [132, "sctp"],
  ["tcp", "tcp"],
  ["udp", "udp"],
  ["sctp", "sctp"],
]);

const names = ["Protocol", "InternalPort", "ExternalPort", "VIP"];
/** What these say is always so here: reachable from the host, for both families, and reserved. */
const always = ["Flags", "ExternalPortReserved"];

/** @returns undefined when something is malformed */
export function readPortMapping(raw: RawPolicy, issues: Issue[]): PortMappingRequest | undefined {
  const { Protocol, VIP, ExternalPort, InternalPort } = settingsOf(raw, names, always);
  const path = raw.at;
  const protocol = protocols.get(typeof Protocol === "string" ? Protocol.toLowerCase() : (Protocol ?? 6));
  if (protocol === undefined) report(issues, `${path}.Protocol`, "6 (TCP), 17 (UDP) or 132 (SCTP)", Protocol);
  const hostPort = port(ExternalPort, `${path}.ExternalPort`, issues);
  const containerPort = port(InternalPort, `${path}.InternalPort`, issues);
  const hostIp = typeof VIP === "string" && VIP !== "" ? parseIp(VIP) : undefined;
  if (VIP !== undefined && VIP !== "" && hostIp === undefined)
    report(issues, `${path}.VIP`, "an IP address", VIP);
  if (protocol === undefined || hostPort === undefined || containerPort === undefined) return undefined;
  return { protocol, hostPort, containerPort, ...(hostIp === undefined ? {} : { hostIp }) };
}

function port(value: unknown, path: string, issues: Issue[]): number | undefined {
  if (value === undefined || value === null) return report(issues, path, "an integer from 1 to 65535", value);
  return readInteger(value, path, issues, { min: 1, max: 65535 });
}
