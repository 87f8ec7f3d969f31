/** HCN's ACL: settings to the model's rule. */
import type { Family } from "../addr/ip.ts";
import { type Prefix, prefixFamily } from "../addr/prefix.ts";
import { type Issue, type JsonObject, readInteger, readString, report } from "../cni/read.ts";
import type { Acl, AclAction, AclDirection, PortRange } from "../policy/acl.ts";
import type { RawPolicy } from "./envelope.ts";
import { commaPorts, commaPrefixes } from "./lists.ts";
import { readProtocols, speaks } from "./protocols.ts";
import { eitherOf, isZero, oneOf, settingsOf, unsupported } from "./settings.ts";

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

/**
 * @returns undefined when something is malformed
 * @throws {CniError} 2 for what no hook of the switch port can keep: tiers, rules inside the container
 */
export function readAcl(raw: RawPolicy, issues: Issue[]): Acl | undefined {
  const { at } = raw;
  const settings = settingsOf(raw, names);
  refuseOtherHooks(settings, at);
  const action = oneOf<AclAction>(settings.Action, ["Allow", "Block"], `${at}.Action`, issues);
  const direction = oneOf<AclDirection>(settings.Direction, ["In", "Out"], `${at}.Direction`, issues);
  const ports = (name: string, firstName: string): readonly PortRange[] => {
    const { value, path } = eitherOf(settings, name, firstName, raw, issues);
    return commaPorts(value, path, issues);
  };
  const [localPorts, remotePorts] = [ports("LocalPorts", "LocalPort"), ports("RemotePorts", "RemotePort")];
  const spoken = eitherOf(settings, "Protocols", "Protocol", raw, issues);
  const ported = localPorts.length + remotePorts.length > 0;
  const rule = {
    protocols: readProtocols(spoken.value, spoken.path, ported, issues),
    localAddresses: commaPrefixes(settings.LocalAddresses, `${at}.LocalAddresses`, issues),
    remoteAddresses: commaPrefixes(settings.RemoteAddresses, `${at}.RemoteAddresses`, issues),
    localPorts,
    remotePorts,
    priority: readInteger(settings.Priority, `${at}.Priority`, issues, { min: 0, max: 65535 }) ?? 0,
  };
  if (![4, 6].some((family) => canMatch(rule, family as Family)))
    report(issues, at, "addresses and protocols of one IP family", "a rule that no packet can meet");
  const id = readId(settings.Id, `${at}.Id`, issues);
  if (action === undefined || direction === undefined) return undefined;
  return { kind: "ACL", action, direction, ...rule, ...(id === undefined ? {} : { id }) };
}

function refuseOtherHooks({ Action, RuleType }: JsonObject, at: string): void {
  const isWord = (value: unknown, word: string): boolean =>
    typeof value === "string" && value.toLowerCase() === word;
  if (isWord(Action, "pass"))
    throw unsupported(`${at}.Action`, Action, "tiers of ACLs are not there: Action is Allow or Block");
  if (isZero(RuleType) || isWord(RuleType, "switch")) return;
  throw unsupported(
    `${at}.RuleType`,
    RuleType,
    "ACLs sit on the switch port (RuleType Switch): inside the container it could remove them",
  );
}

/** It is shown in lists and traces, one line a rule. */
function readId(value: unknown, path: string, issues: Issue[]): string | undefined {
  const id = readString(value, path, issues);
  if (id === undefined || /^\P{C}{1,128}$/u.test(id)) return id;
  return report(issues, path, "at most 128 characters, none of them a control character", id);
}

/** Whether there are packets of a family that all lists of a rule leave open. */
function canMatch(
  rule: Pick<Acl, "protocols" | "localAddresses" | "remoteAddresses">,
  family: Family,
): boolean {
  const holds = (prefixes: readonly Prefix[]): boolean =>
    prefixes.length === 0 || prefixes.some((prefix) => prefixFamily(prefix) === family);
  return speaks(family, rule.protocols) && holds(rule.localAddresses) && holds(rule.remoteAddresses);
}
