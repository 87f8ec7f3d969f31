/** rp_filter: strict filtering drops what comes in where the way back leads elsewhere. */
import type { Check } from "../check.ts";
import { warning } from "../finding.ts";
import { sysctlNumber } from "../patient.ts";
import { uplinksOf } from "../uplinks.ts";

/** net/ipv4/conf: the larger of "all" and the interface's own counts. */
const STRICT = 1;

export const reversePath: Check = {
  id: "reverse-path",
  needs: ["state", "network"],
  fine: "no strict reverse-path filter stands in the way",
  find(patient) {
    const uplinks = [
      ...new Set(uplinksOf(patient.scene).flatMap((one) => (one.family === 4 ? [one.interface.name] : []))),
    ];
    // With one way out, the way back is always the way in.
    if (uplinks.length < 2 || patient.scene.networks.length === 0) return [];
    const all = sysctlNumber(patient, "ipv4/conf/all/rp_filter") ?? 0;
    const strict = uplinks.filter(
      (name) => Math.max(all, sysctlNumber(patient, `ipv4/conf/${name}/rp_filter`) ?? 0) === STRICT,
    );
    if (strict.length === 0) return [];
    return [
      warning(`several uplinks, and strict reverse-path filtering at ${strict.join(", ")}`, {
        seen: [
          `default routes by ${uplinks.join(" and ")}`,
          ...strict.map((name) => `rp_filter of ${name} is 1`),
        ],
        remedy:
          "what comes in by the less preferred uplink (published ports) is dropped; loose filtering (2) lets it in",
        commands: [
          ...(all === STRICT ? ["sysctl -w net.ipv4.conf.all.rp_filter=2"] : []),
          ...strict.map((name) => `sysctl -w net/ipv4/conf/${name}/rp_filter=2`),
        ],
      }),
    ];
  },
};
