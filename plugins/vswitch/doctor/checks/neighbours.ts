/**
 * The kernel's table of neighbours, in which each container that talks has an entry. What was written down (the rows of other
 * hosts, of which there may be thousands) counts on kernels before 5.0 alone.
 */
import { ipFamily } from "../../../../lib/addr/ip.ts";
import type { Check } from "../check.ts";
import { warning } from "../finding.ts";
import { type Patient, sysctlNumber } from "../patient.ts";

const crowded = 0.8;

export const neighbours: Check = {
  id: "neighbours",
  needs: ["network"],
  fine: "the table of neighbours has room",
  find: (patient) =>
    ([4, 6] as const).flatMap((family) => {
      const key = `ipv${family}/neigh/default/gc_thresh3`;
      const max = sysctlNumber(patient, key);
      const counted = patient.scene.host.neighbours.filter(
        ({ address, permanent }) =>
          ipFamily(address) === family && (permanent !== true || countsAll(patient)),
      );
      const count = counted.length;
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

/** Linux commit 58956317c8de, "neighbor: Improve garbage collection". */
const countsAll = ({ files }: Patient): boolean =>
  Number.parseInt(files.text("/proc/sys/kernel/osrelease") ?? "", 10) < 5;
