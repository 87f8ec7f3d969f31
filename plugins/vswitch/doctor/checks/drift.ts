/** Attachments that are not as they were planned. */
import type { Difference } from "../../../../lib/model/compare.ts";
import type { CheckReport } from "../../check/check.ts";
import { shortOwner } from "../../format.ts";
import type { Check } from "../check.ts";
import { type Complaint, error, some } from "../finding.ts";

export const drift: Check = {
  id: "drift",
  needs: ["state"],
  fine: "every attachment is as it was planned",
  find(patient) {
    const { compartmentExists, scene } = patient;
    const paths = new Map(scene.endpoints.map((plan) => [plan.key, plan.compartment.path]));
    // Without its compartment an attachment is not broken but over.
    const alive = patient.reports().filter(({ key }) => compartmentExists(paths.get(key) ?? ""));
    const differing = alive
      .map((report) => ({ ...report, differences: report.differences.filter(isOfOthers) }))
      .filter(({ differences }) => differences.length > 0);
    return [...Map.groupBy(differing, ({ network }) => network)].map(([network, reports]) =>
      complaintOf(network, reports),
    );
  },
};

/** Forwarding and uplinks have checks of their own. */
const isOfOthers = ({ what }: Difference): boolean =>
  !/^(IPv[46] forwarding of the host$|(state of |MTU of )?uplink )/.test(what);

function complaintOf(network: string, reports: readonly CheckReport[]): Complaint {
  const count = `${reports.length} ${reports.length === 1 ? "attachment" : "attachments"}`;
  const beyond = [
    ...new Set(
      reports.flatMap(({ beyondRepair }) => (beyondRepair === undefined ? [] : [beyondRepair.remedy])),
    ),
  ];
  const mendable = reports.some(({ beyondRepair }) => beyondRepair === undefined);
  return error(`${count} of network ${network} ${reports.length === 1 ? "is" : "are"} not as planned`, {
    seen: some(common(reports), 8),
    remedy: [...(mendable ? ["put back what is missing"] : []), ...beyond].join("; "),
    ...(mendable ? { commands: [`vswitch repair ${network}`] } : {}),
  });
}

/** What all have in common (their switch is gone) is said once. */
function common(reports: readonly CheckReport[]): readonly string[] {
  const lines = reports.flatMap((report) =>
    report.differences.map((difference) => ({ who: shortOwner(report), text: formatDifference(difference) })),
  );
  return [...Map.groupBy(lines, ({ text }) => text)].map(([text, all]) =>
    all.length === reports.length && reports.length > 1
      ? `all: ${text}`
      : `${all.map(({ who }) => who).join(", ")}: ${text}`,
  );
}

function formatDifference({ what, expected, found }: Difference): string {
  return expected === "present" && found === "absent"
    ? `${what} is missing`
    : `${what}: expected ${expected}, found ${found}`;
}
