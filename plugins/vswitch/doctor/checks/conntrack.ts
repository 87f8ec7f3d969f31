/** The table of connections: when it is full, new ones are dropped. */
import type { Check } from "../check.ts";
import { error, warning } from "../finding.ts";
import { sysctlNumber } from "../patient.ts";

const crowded = 0.8;
const full = 0.95;

export const conntrack: Check = {
  id: "conntrack",
  needs: [],
  fine: "the table of connections has room",
  find(patient) {
    const max = sysctlNumber(patient, "netfilter/nf_conntrack_max");
    const count = sysctlNumber(patient, "netfilter/nf_conntrack_count");
    if (max === undefined || count === undefined || max === 0 || count < max * crowded) return [];
    const say = count >= max * full ? error : warning;
    return [
      say("the table of connections is nearly full: new connections of all containers will be dropped", {
        seen: [`nf_conntrack_count ${count} of nf_conntrack_max ${max}`],
        remedy: "make it larger (about 300 bytes for each entry), and look who opens so many: conntrack -L",
        commands: [`sysctl -w net.netfilter.nf_conntrack_max=${max * 2}`],
      }),
    ];
  },
};
