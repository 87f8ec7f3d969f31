/** What is left of containers that are gone, as `vswitch gc` sees it. */
import { plural } from "../../format.ts";
import { judgeEndpoints, judgeLeases, judgeMarks, type Finding as Remnant } from "../../gc/judge.ts";
import type { Check } from "../check.ts";
import { type Complaint, note, some, warning } from "../finding.ts";
import type { Patient } from "../patient.ts";

export const stale: Check = {
  id: "stale",
  needs: ["state"],
  fine: "nothing is left of containers that are gone",
  find(patient) {
    const remains = patient.remains();
    const endpoints = judgeEndpoints(withoutWorking(patient));
    const [marks, leases] = [judgeMarks(remains), judgeLeases(remains)];
    return [
      ...gone([...endpoints.dead, ...marks.dead, ...leases.dead]),
      ...doubtful([...endpoints.left, ...marks.left, ...leases.left]),
    ];
  },
};

/** An ADD that takes longer than this was killed; a younger one is at work. */
const longestAddMs = 5 * 60_000;

function withoutWorking(patient: Patient): ReturnType<Patient["remains"]> {
  const remains = patient.remains();
  const isAtWork = (row: (typeof remains.endpoints)[number]): boolean =>
    row.phase === "adding" && patient.nowMs - row.createdMs < longestAddMs;
  return { ...remains, endpoints: remains.endpoints.filter((row) => !isAtWork(row)) };
}

const line = ({ kind, name, why }: Remnant): string => `${kind} ${name}: ${why}`;

function gone(remnants: readonly Remnant[]): readonly Complaint[] {
  if (remnants.length === 0) return [];
  // Addresses alone do no harm while there are others.
  const say = remnants.every(({ kind }) => kind === "lease") ? note : warning;
  return [
    say(`${plural(remnants.length, "thing")} left of containers that are gone`, {
      seen: some(remnants.map(line)),
      remedy: "runtimes call DEL or GC sooner or later; to do it now",
      commands: ["vswitch gc"],
    }),
  ];
}

function doubtful(remnants: readonly Remnant[]): readonly Complaint[] {
  if (remnants.length === 0) return [];
  return [
    note(`${plural(remnants.length, "thing")} that may be left of containers`, {
      seen: some(remnants.map(line)),
      remedy: "vswitch gc leaves them alone, since nobody knows",
    }),
  ];
}
