/** `endpointMacPrefix` of win-overlay: the first two bytes of containers' MACs, before the four of their address. Pure. */
import { isUnicastMac, parseMac } from "../../lib/addr/mac.ts";
import { type Issue, report } from "../../lib/cni/read.ts";
import { type MacPrefix, usualMacPrefix } from "../../lib/model/vtep.ts";

/** @returns undefined after a report, and for the usual one */
export function readMacPrefix(text: string | undefined, issues: Issue[]): MacPrefix | undefined {
  if (text === undefined) return undefined;
  const parsed = /^[0-9a-f]{2}[-:][0-9a-f]{2}$/i.test(text)
    ? parseMac(`${text.replace(":", "-")}-00-00-00-01`)
    : undefined;
  if (parsed === undefined || !isUnicastMac(parsed))
    return report(issues, "endpointMacPrefix", "two bytes of unicast MACs such as 0E-2A", text);
  const [first, second] = parsed.split(":").map((byte) => Number.parseInt(byte, 16)) as [number, number];
  return first === usualMacPrefix[0] && second === usualMacPrefix[1] ? undefined : [first, second];
}
