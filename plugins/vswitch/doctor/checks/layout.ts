/** Our own nftables tables: there, whole, and of this version. */
import type { Check } from "../check.ts";
import { type Complaint, error, note } from "../finding.ts";
import type { Patient } from "../patient.ts";

export const layout: Check = {
  id: "layout",
  needs: ["kernel", "state"],
  fine: "our nftables tables are whole and of this version",
  find: (patient) => complaint(patient),
};

const mend = {
  remedy: "write them anew, with all that belongs to the attachments (the next ADD does so too)",
  commands: ["vswitch repair"],
};

function complaint({ probe, scene }: Patient): readonly Complaint[] {
  const { layout: state, layoutVersion } = probe;
  const used = scene.endpoints.length > 0;
  switch (state) {
    case "current":
      return [];
    case "absent":
      return used
        ? [error("our nftables tables are gone: no NAT, no published ports, no policies", mend)]
        : [];
    case "damaged":
      return [error("rules of our nftables tables are gone: somebody flushed them", mend)];
    case "foreign":
      return [
        error('there is an nftables table "vswitch" that is not ours: no network can be attached to', {
          remedy: "find out whose it is, and delete it",
          commands: ["nft delete table inet vswitch"],
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
      remedy: "the next ADD writes them anew, with all that belongs to the attachments",
    });
  return error("our nftables tables are of a newer version: this program cannot use them", {
    seen,
    remedy: "install the newer vswitch-cni again, or remove its containers and then the tables",
  });
}
