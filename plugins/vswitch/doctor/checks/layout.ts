/** Our own nftables tables: there, whole, and of this version. */
import { isStacked } from "../../../../lib/model/switch.ts";
import type { Check } from "../check.ts";
import { type Complaint, error, note } from "../finding.ts";
import type { Patient } from "../patient.ts";

export const layout: Check = {
  id: "layout",
  needs: ["kernel", "state"],
  fine: "our nftables tables are whole and of this version",
  find: (patient) => complaint(patient),
};

/** Which of them is not ours the probe does not tell. */
const tables = ["inet vswitch", "bridge vswitch"] as const;

const flushed = "rules of our nftables tables are gone: somebody flushed them";

const nextAdd = "the next ADD writes them anew, with all that belongs to the attachments";

const mend = {
  remedy: "write them anew, with all that belongs to the attachments (the next ADD does so too)",
  commands: ["vswitch repair"],
};

function complaint({ probe, scene }: Patient): readonly Complaint[] {
  const { layout: state, layoutVersion } = probe;
  // What hangs on an uplink passes none of our rules.
  const used = scene.endpoints.some((plan) => !isStacked(plan.switch));
  switch (state) {
    case "current":
      return [];
    case "absent":
      return used
        ? [error("our nftables tables are gone: no NAT, no published ports, no policies", mend)]
        : [];
    case "damaged":
      return [used ? error(flushed, mend) : note(flushed, { remedy: nextAdd })];
    case "foreign":
      return [
        error('an nftables table "vswitch" is not ours: no network can be attached to', {
          seen: [tables.join(" or ")],
          remedy:
            "find out whose it is, and delete it; one of ours that is deleted with it comes back with the next ADD",
          commands: tables.map((table) => `nft delete table ${table}`),
        }),
      ];
    default:
      return [versionComplaint(state, layoutVersion)];
  }
}

function versionComplaint(found: number, ours: number): Complaint {
  const seen = [`layout ${found}, this program writes ${ours}`];
  if (found < ours)
    return note("our nftables tables are of an older version", {
      seen,
      remedy: nextAdd,
    });
  return error("our nftables tables are of a newer version: this program cannot use them", {
    seen,
    remedy: "install the newer vswitch-cni again, or remove its containers and then the tables",
  });
}
