/** What is left of containers that are gone. */
import type { EndpointRow } from "../../../../lib/state/rows.ts";
import { shortOwner } from "../../format.ts";
import type { Check } from "../check.ts";
import { type Complaint, note, some, warning } from "../finding.ts";
import type { Patient } from "../patient.ts";

export const stale: Check = {
  id: "stale",
  needs: ["state"],
  fine: "nothing is left of containers that are gone",
  find: (patient) => [...endpoints(patient), ...leases(patient), ...strangers(patient)],
};

const collect = {
  remedy: "runtimes call DEL or GC sooner or later; to do it now",
  commands: ["vswitch gc"],
};

/** An ADD that takes longer than this was killed. */
const longestAddMs = 5 * 60_000;

function endpoints(patient: Patient): readonly Complaint[] {
  const left = patient.state.endpoints.flatMap((row) => {
    const why = whyLeft(row, patient);
    return why === undefined ? [] : [`${shortOwner(row)}: ${why}`];
  });
  if (left.length === 0) return [];
  return [
    warning(
      `${left.length} ${left.length === 1 ? "attachment is" : "attachments are"} left of containers that are gone`,
      {
        seen: some(left),
        ...collect,
      },
    ),
  ];
}

function whyLeft(row: EndpointRow, { state, nowMs, compartmentExists }: Patient): string | undefined {
  if (row.bootId !== state.bootId) return "of an earlier boot";
  if (row.netns !== "" && !compartmentExists(row.netns)) return `its compartment ${row.netns} is gone`;
  if (row.phase === "adding" && nowMs - row.createdMs > longestAddMs)
    return "its ADD did not come to its end";
  return undefined;
}

/** Addresses of attachments that nobody knows any more. Those of an earlier boot are as good as free. */
function leases({ state, compartmentExists }: Patient): readonly Complaint[] {
  const known = new Set(state.endpoints.map(({ key }) => key));
  const lost = state.leases.filter(
    ({ key, netns, bootId }) =>
      bootId === state.bootId && !known.has(key) && netns !== "" && !compartmentExists(netns),
  );
  if (lost.length === 0) return [];
  return [
    note(
      `${lost.length} ${lost.length === 1 ? "address is" : "addresses are"} still leased to containers that are gone`,
      {
        seen: some(lost.map((lease) => `${lease.address} of ${shortOwner(lease)}`)),
        ...collect,
      },
    ),
  ];
}

/** Kernel objects with our mark of which the state knows nothing. */
function strangers(patient: Patient): readonly Complaint[] {
  const known = new Set(patient.state.endpoints.map(({ key }) => key));
  const found = patient.marks().endpoints.filter(({ key }) => !known.has(key));
  if (found.length === 0) return [];
  return [
    warning("there are ports or rules with our mark of which the state knows nothing", {
      seen: some(found.map(({ key, owner }) => (owner === undefined ? key : shortOwner(owner)))),
      remedy: "another folder of state may know them (VSWITCH_DATA_DIR, --data-dir); else remove them",
      commands: ["vswitch gc"],
    }),
  ];
}
