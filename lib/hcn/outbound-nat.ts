/** HCN's OutBoundNAT: settings to the model, without the addresses it will be for. */
import { type Ip, ipFamily, isLoopback, isUnspecified, parseIp } from "../addr/ip.ts";
import { contains, type Prefix, prefix, prefixFamily } from "../addr/prefix.ts";
import { type Issue, readString, report } from "../cni/read.ts";
import type { OutBoundNat } from "../policy/outbound-nat.ts";
import type { RawPolicy } from "./envelope.ts";
import { listedPrefixes } from "./lists.ts";
import { eitherOf, settingsOf } from "./settings.ts";

const names = ["Exceptions", "Destinations", "VirtualIP", "ExceptionList", "VIP"];

export type OutBoundNatRequest = Omit<OutBoundNat, "kind" | "addresses">;

export function readOutBoundNat(raw: RawPolicy, issues: Issue[]): OutBoundNatRequest {
  const settings = settingsOf(raw, names);
  const excepted = eitherOf(settings, "Exceptions", "ExceptionList", raw, issues);
  const exceptions = listedPrefixes(excepted.value, excepted.path, issues);
  const path = `${raw.at}.Destinations`;
  const destinations = listedPrefixes(settings.Destinations, path, issues);
  const virtual = eitherOf(settings, "VirtualIP", "VIP", raw, issues);
  const virtualIp = readSource(virtual.value, virtual.path, issues);
  if (virtualIp === undefined) return { exceptions, destinations };
  const foreign = (one: Prefix): boolean => prefixFamily(one) !== ipFamily(virtualIp);
  if (destinations.length > 0 && destinations.every(foreign))
    report(issues, path, `prefixes of the family of ${virtualIp}`, destinations.join(" "));
  return { exceptions, destinations, virtualIp };
}

const multicast = [prefix("224.0.0.0/4"), prefix("ff00::/8")];

/** An address that packets may come from. */
function readSource(value: unknown, path: string, issues: Issue[]): Ip | undefined {
  const text = readString(value, path, issues);
  if (text === undefined) return undefined;
  const address = parseIp(text);
  if (address === undefined) return report(issues, path, "an IP address", text);
  const isSource =
    !isUnspecified(address) && !isLoopback(address) && !multicast.some((one) => contains(one, address));
  return isSource ? address : report(issues, path, "an address that others can answer to", text);
}
