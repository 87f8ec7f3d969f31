import { describe, it } from "vitest";
import { seed } from "./killed.ts";
import type { KilledAdd } from "./killed-add.ts";
import { expectCleanedByDel, expectTakenUp } from "./killed-add-mended.ts";
import { createLanLab, lanWith } from "./lan-lab.ts";
import type { Namespace } from "./namespaces.ts";
import { type NatLab, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const times = 48;
const timeout = 240_000;
const config = lanWith({ hostAccess: true, dad: 1 });
const what: KilledAdd = { type: "transparent", config, runtimeConfig: {} };

/** Of host and compartment; a killed process leaves no more of a container than its interface. */
async function glance({ host }: NatLab, ns: Namespace): Promise<string> {
  const script = `ip -br link | cut -d' ' -f1; ip -n ${ns.name} -br link; ip route; ip -6 route`;
  return host.exec(host.ns, "sh", "-c", script);
}

describe.skipIf(reason !== undefined)(
  `an ADD to a transparent network that is killed${reason ? ` (${reason})` : ""}`,
  () => {
    it(`at ${times} random moments is cleaned by DEL at once (SEED=${seed})`, { timeout }, async () => {
      await using lab = await createLanLab();
      // Every third time nobody says where the compartment is.
      const netnsOf = (index: number, ns: Namespace) => (index % 3 === 0 ? "" : ns.path);
      await expectCleanedByDel(lab, what, { times, glance, glanceEvery: 8, netnsOf });
    });

    it(`at ${times / 2} random moments is taken up by the next ADD (SEED=${seed})`, { timeout }, async () => {
      await using lab = await createLanLab();
      await expectTakenUp(lab, what, { times: times / 2, leases: 2 });
    });
  },
);
