/** HCN's ACL: settings to the model's rule. */
import { type Issue, readInteger, report } from "../cni/read.ts";
import type { Acl, AclAction, AclDirection } from "../policy/acl.ts";
import { hasPorts, IPPROTO } from "../policy/packet.ts";
import type { RawPolicy } from "./envelope.ts";
import { commaList, commaPorts, commaPrefixes, settingsOf, unsupported } from "./settings.ts";

const names = [
  "Action",
  "Direction",
  "Protocols",
  "LocalAddresses",
  "RemoteAddresses",
  "LocalPorts",
  "RemotePorts",
  "RuleType",
  "Priority",
  "Id",
  // Of HCN v1: one value each.
  "Protocol",
  "LocalPort",
  "RemotePort",
];

/** Protocols that a rule with ports and without protocols is about. */
const portProtocols = [IPPROTO.tcp, IPPROTO.udp, IPPROTO.sctp];
/** HCN's number for "any protocol". */
const anyProtocol = 256;

/**
 * @returns undefined when something is malformed
 * @throws {CniError} 2 for what no hook of the switch port can keep: tiers, rules inside the container
 */
export function readAcl(raw: RawPolicy, issues: Issue[]): Acl | undefined {
  const settings = settingsOf(raw, names);
  const path = `${raw.path}.Settings`;
  const { Action, Direction, RuleType, Id } = settings;
  if (Action === "Pass")
    throw unsupported(`${path}.Action`, `"Pass"`, "tiers of ACLs are not there: Action is Allow or Block");
  if (RuleType !== undefined && RuleType !== "" && RuleType !== "Switch")
    throw unsupported(
      `${path}.RuleType`,
      JSON.stringify(RuleType),
      "ACLs sit on the switch port (RuleType Switch): inside the container it could remove them",
    );
  const action = oneOf<AclAction>(Action, ["Allow", "Block"], `${path}.Action`, issues);
  const direction = oneOf<AclDirection>(Direction, ["In", "Out"], `${path}.Direction`, issues);
  const localPorts = commaPorts(settings.LocalPorts ?? settings.LocalPort, `${path}.LocalPorts`, issues);
  const remotePorts = commaPorts(settings.RemotePorts ?? settings.RemotePort, `${path}.RemotePorts`, issues);
  const protocols = readProtocols(settings.Protocols ?? settings.Protocol, `${path}.Protocols`, issues);
  const ported = localPorts.length + remotePorts.length > 0;
  const portless = protocols.filter((protocol) => !hasPorts(protocol));
  if (ported && portless.length > 0)
    report(
      issues,
      `${path}.Protocols`,
      "protocols with ports, since the rule names ports",
      portless.join(","),
    );
  const priority = readInteger(settings.Priority, `${path}.Priority`, issues, { min: 0, max: 65535 }) ?? 0;
  if (action === undefined || direction === undefined) return undefined;
  return {
    kind: "ACL",
    action,
    direction,
    protocols: ported && protocols.length === 0 ? portProtocols : protocols,
    localAddresses: commaPrefixes(settings.LocalAddresses, `${path}.LocalAddresses`, issues),
    remoteAddresses: commaPrefixes(settings.RemoteAddresses, `${path}.RemoteAddresses`, issues),
    localPorts,
    remotePorts,
    priority,
    ...(typeof Id === "string" && Id !== "" ? { id: Id } : {}),
  };
}

export function oneOf<T extends string>(
  value: unknown,
  values: readonly T[],
  path: string,
  issues: Issue[],
): T | undefined {
  const found = values.find((one) => typeof value === "string" && one.toLowerCase() === value.toLowerCase());
  return found ?? report(issues, path, values.join(" or "), value);
}

const protocolNames: Readonly<Record<string, number>> = { ...IPPROTO, icmpv6: IPPROTO.icmp6 };

function readProtocols(value: unknown, path: string, issues: Issue[]): readonly number[] {
  const numbers = commaList(value, path, issues).flatMap((text): number[] => {
    const number = /^\d{1,3}$/.test(text) ? Number(text) : protocolNames[text.toLowerCase()];
    if (number !== undefined && number <= anyProtocol) return [number];
    return report(issues, path, "protocol numbers such as 6,17 (256 is any)", text) ?? [];
  });
  return numbers.includes(anyProtocol) ? [] : [...new Set(numbers)];
}
