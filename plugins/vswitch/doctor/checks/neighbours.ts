/** The kernel's table of neighbours, in which each container that talks has an entry. */
import { ipFamily } from "../../../../lib/addr/ip.ts";
import type { Check } from "../check.ts";
import { warning } from "../finding.ts";
import { sysctlNumber } from "../patient.ts";

const crowded = 0.8;

export const neighbours: Check = {
  id: "neighbours",
  needs: ["network"],
  fine: "the table of neighbours has room",
  find: (patient) =>
    ([4, 6] as const).flatMap((family) => {
      const key = `ipv${family}/neigh/default/gc_thresh3`;
      const max = sysctlNumber(patient, key);
      const count = patient.scene.host.neighbours.filter((one) => ipFamily(one.address) === family).length;
      if (max === undefined || count < max * crowded) return [];
      return [
        warning(
          `the table of IPv${family} neighbours is nearly full: containers will be unreachable by turns`,
          {
            seen: [`${count} entries, gc_thresh3 is ${max}`],
            remedy: "make it larger",
            commands: [`sysctl -w net.ipv${family}.neigh.default.gc_thresh3=${max * 4}`],
          },
        ),
      ];
    }),
};
