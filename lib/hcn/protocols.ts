/** Protocols of an ACL, and which IP families a rule leaves open. */
import type { Family } from "../addr/ip.ts";
import { type Issue, report } from "../cni/read.ts";
import { hasPorts, IPPROTO } from "../policy/packet.ts";
import { commaList } from "./lists.ts";
import { isZero } from "./settings.ts";

/** Protocols that a rule with ports and without protocols is about. */
const portProtocols = [IPPROTO.tcp, IPPROTO.udp, IPPROTO.sctp];
/** HCN's number for "any protocol". */
const anyProtocol = 256;

const names: ReadonlyMap<string, number> = new Map([
  ...Object.entries(IPPROTO),
  ["icmpv6", IPPROTO.icmp6] as const,
]);

/**
 * @param ported whether the rule names ports
 * @returns IANA numbers, each once; none stands for any
 */
export function readProtocols(
  value: unknown,
  path: string,
  ported: boolean,
  issues: Issue[],
): readonly number[] {
  const numbers = commaList(isZero(value) ? undefined : value, path, issues).flatMap((text) => {
    const number = /^\d{1,3}$/.test(text) ? Number(text) : names.get(text.toLowerCase());
    if (number !== undefined && number >= 1 && number <= anyProtocol) return [number];
    return report(issues, path, "protocol numbers such as 6,17 (256 is any)", text) ?? [];
  });
  const protocols = numbers.includes(anyProtocol) ? [] : [...new Set(numbers)];
  if (!ported) return protocols;
  const portless = protocols.filter((protocol) => !hasPorts(protocol));
  if (portless.length > 0)
    report(issues, path, "protocols with ports, since the rule names ports", portless.join(","));
  return protocols.length === 0 ? portProtocols : protocols;
}

/** Whether packets of a family can be of one of the protocols. */
export function speaks(family: Family, protocols: readonly number[]): boolean {
  const foreign: readonly number[] = family === 4 ? [IPPROTO.icmp6] : [IPPROTO.icmp, IPPROTO.igmp];
  return protocols.length === 0 || protocols.some((protocol) => !foreign.includes(protocol));
}
