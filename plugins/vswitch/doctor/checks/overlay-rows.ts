/** Rows of the kernel by which other hosts of overlay networks are reached, against what is known of those. */
import { plural } from "../../format.ts";
import type { Check } from "../check.ts";
import { error, some } from "../finding.ts";

export const overlayRows: Check = {
  id: "overlay-rows",
  needs: ["state", "network"],
  fine: "the kernel reaches the hosts of each overlay network as its directory says",
  find: (patient) =>
    patient.rows().flatMap(({ network, differences }) =>
      differences.length === 0
        ? []
        : [
            error(
              `${plural(differences.length, "row")} of overlay network ${network} ${differences.length === 1 ? "is" : "are"} not as its directory says`,
              {
                seen: some(differences.map(({ what, found }) => `${found}: ${what}`)),
                remedy: "write what is missing, and delete what is too much",
                commands: [`vswitch repair ${network}`],
              },
            ),
          ],
    ),
};
