/** The kernel's settings that our data path depends on. */
import { readFileSync } from "node:fs";
import type { Store } from "../../../lib/state/store.ts";
import type { NetworkSpec } from "../../../lib/verbs/network-spec.ts";

const general: readonly string[] = [
  "ipv4/ip_forward",
  "ipv4/conf/all/rp_filter",
  "ipv4/conf/default/rp_filter",
  "ipv4/conf/all/route_localnet",
  "ipv6/conf/all/forwarding",
  "ipv6/conf/all/disable_ipv6",
  "ipv6/conf/default/disable_ipv6",
  "bridge/bridge-nf-call-iptables",
  "bridge/bridge-nf-call-ip6tables",
  "bridge/bridge-nf-call-arptables",
  "netfilter/nf_conntrack_max",
  "netfilter/nf_conntrack_count",
];
const ofSwitch: readonly string[] = [
  "ipv4/conf/NAME/route_localnet",
  "ipv4/conf/NAME/rp_filter",
  "ipv4/conf/NAME/forwarding",
  "ipv6/conf/NAME/disable_ipv6",
  "ipv6/conf/NAME/accept_ra",
  "ipv6/conf/NAME/accept_dad",
  "ipv6/conf/NAME/forwarding",
];

/** One line each; of a switch that is not there "no such key". */
export function sysctlsOf({ networks }: Pick<Store, "networks">): string {
  const names = networks.list().map(({ spec }) => (spec as NetworkSpec).switch.name);
  const keys = [...general, ...names.flatMap((name) => ofSwitch.map((key) => key.replace("NAME", name)))];
  return keys.map((key) => `${key} = ${read(key)}\n`).join("");
}

function read(key: string): string {
  try {
    return readFileSync(`/proc/sys/net/${key}`, "utf8").trim();
  } catch {
    return "no such key";
  }
}
