/** Single keys of an overlay network, as to what their values may be. Pure. */
import { type Ip, parseIp } from "../../lib/addr/ip.ts";
import { isUnicastMac, type Mac, parseMac } from "../../lib/addr/mac.ts";
import { type Issue, report } from "../../lib/cni/read.ts";
import { sameEverywhere } from "../../lib/hcn/network-policies.ts";

/** Below are ids that Windows keeps for VLANs; above are more than its type of a subnet's policy holds. */
const vsid = { first: 4096, last: 65_535 };

interface RawNumber {
  readonly vni?: number;
  readonly strict?: boolean;
}

/** @param more what HCN's policies say. @returns undefined after a report */
export function readVni(
  { vni: own, strict = true }: RawNumber,
  more: readonly number[],
  issues: Issue[],
): number | undefined {
  const vni = sameEverywhere("vni", [own, ...more], issues);
  const wanted = `${vsid.first} to ${vsid.last}, as Windows hosts have them; others with "strict": false`;
  if (vni === undefined) return report(issues, "vni", `the network's number, ${wanted}`, vni);
  if (strict && (vni < vsid.first || vni > vsid.last)) return report(issues, "vni", wanted, vni);
  return vni;
}

/** @returns undefined after a report */
export function readVtep(text: string | undefined, issues: Issue[]): Ip | undefined {
  if (text === undefined) return undefined;
  return parseIp(text) ?? report(issues, "vtep", "an address of this host on the underlay", text);
}

/** @returns undefined after a report */
export function readVtepMac(text: string | undefined, issues: Issue[]): Mac | undefined {
  if (text === undefined) return undefined;
  const parsed = parseMac(text);
  return parsed !== undefined && isUnicastMac(parsed)
    ? parsed
    : report(issues, "vtepMac", "a unicast MAC such as 0e:2a:c0:00:02:02", text);
}
