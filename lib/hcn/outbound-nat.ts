/** HCN's OutBoundNAT: settings to the model, without the addresses it will be for. */
import { parseIp } from "../addr/ip.ts";
import { type Issue, readString, report } from "../cni/read.ts";
import type { OutBoundNat } from "../policy/outbound-nat.ts";
import type { RawPolicy } from "./envelope.ts";
import { listedPrefixes, settingsOf } from "./settings.ts";

const names = ["Exceptions", "Destinations", "VirtualIP", "ExceptionList", "VIP"];

export type OutBoundNatRequest = Omit<OutBoundNat, "kind" | "addresses">;

export function readOutBoundNat(raw: RawPolicy, issues: Issue[]): OutBoundNatRequest {
  const settings = settingsOf(raw, names);
  const path = `${raw.path}.Settings`;
  const text = readString(settings.VirtualIP ?? settings.VIP, `${path}.VirtualIP`, issues);
  const virtualIp = text === undefined ? undefined : parseIp(text);
  if (text !== undefined && virtualIp === undefined)
    report(issues, `${path}.VirtualIP`, "an IP address", text);
  return {
    exceptions: listedPrefixes(settings.Exceptions ?? settings.ExceptionList, `${path}.Exceptions`, issues),
    destinations: listedPrefixes(settings.Destinations, `${path}.Destinations`, issues),
    ...(virtualIp === undefined ? {} : { virtualIp }),
  };
}
