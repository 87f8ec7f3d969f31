/** Complaints about what could not be read. */
import { type Complaint, sortComplaints } from "./complaint.ts";
import type { Fault } from "./state.ts";

export function faultComplaints(faults: ReadonlyMap<string, Fault>): readonly Complaint[] {
  return sortComplaints([...faults.values()].map(complain));
}

function complain({ key, garbage, newer, kept }: Fault): Complaint {
  const now = kept ? "what it said before stands" : "it is left out";
  return newer === undefined
    ? {
        code: "record-garbage",
        about: key,
        text: `${key} cannot be read (${garbage.join("; ")}): ${now}`,
        remedy: "Delete the key, or write it anew; its writer does so when it is restarted.",
      }
    : {
        code: "record-newer",
        about: key,
        text: `${key} is of version ${newer}, which this release does not know: ${now}`,
        remedy: "Install the release of the host that wrote it.",
      };
}
