import { describe, expect, it } from "vitest";
import { failEverywhere } from "./failing-add.ts";
import { seed } from "./killed.ts";
import { expectCleanedByDel } from "./killed-add-mended.ts";
import { createLanLab, lanWith } from "./lan-lab.ts";
import type { Namespace } from "./namespaces.ts";
import { type NatLab, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const timeout = 60_000;

describe.skipIf(reason !== undefined)(
  `an ADD of a guest's NIC to a LAN${reason ? ` (${reason})` : ""}`,
  () => {
    const config = lanWith({ vnic: "vmNic", hostAccess: true, dad: 1 });

    it(`that is killed is cleaned by DEL at once (SEED=${seed})`, { timeout }, async () => {
      await using lab = await createLanLab();
      const glance = ({ host }: NatLab, ns: Namespace) =>
        host.exec(host.ns, "sh", "-c", `ip -br link | cut -d' ' -f1; ip -n ${ns.name} -br link; ip route`);
      const netnsOf = (index: number, ns: Namespace) => (index % 3 === 0 ? "" : ns.path);
      const what = { type: "transparent", config, runtimeConfig: {} } as const;
      await expectCleanedByDel(lab, what, { times: 12, glance, glanceEvery: 3, netnsOf });
    });

    it("that fails at any step leaves host and state as they were", { timeout }, async () => {
      await using lab = await createLanLab();
      await lab.add({ config: lanWith({ hostAccess: true, dad: 1 }) });
      const container = await lab.host.compartment();
      const { count } = await failEverywhere(lab, { type: "transparent", container, config });
      expect(count).toBeGreaterThan(20);
      await lab.done("DEL", { id: "victim", netns: container.path, config });
    });
  },
);
