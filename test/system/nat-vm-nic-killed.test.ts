import { describe, expect, it } from "vitest";
import { failEverywhere } from "./failing-add.ts";
import { seed } from "./killed.ts";
import { expectCleanedByDel, expectTakenUp } from "./killed-add-mended.ts";
import type { Namespace } from "./namespaces.ts";
import { createLab, dual, type NatLab, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const times = 14;
const timeout = 60_000;

const runtimeConfig = publish("8080:80/tcp", "8053:53/udp");
const guest = { ...dual, vnic: "vmNic" };
const places = [
  ["in the compartment", guest],
  ["on the switch", { ...guest, vmNicAttach: "switch", tapName: "tap0" }],
] as const;

/** What a glance shows of the kernel: links of the host and of the compartment, and published ports. */
function glance(lab: NatLab, ns: Namespace): Promise<string> {
  const script = `ip -br link | cut -d' ' -f1; ip -n ${ns.name} -br link; nft list map inet vswitch published4_any;
    nft list set bridge vswitch guarded`;
  return lab.host.exec(lab.host.ns, "sh", "-c", script);
}

describe.skipIf(reason !== undefined)(`an ADD of a guest's NIC${reason ? ` (${reason})` : ""}`, () => {
  it.each(places)(
    `%s that is killed at ${times} random moments is cleaned by DEL at once (SEED=${seed})`,
    { timeout },
    async (_, config) => {
      await using lab = await createLab();
      // Every third time nobody says where the compartment is: the state does.
      const netnsOf = (index: number, ns: Namespace) => (index % 3 === 0 ? "" : ns.path);
      const what = { type: "nat", config, runtimeConfig } as const;
      await expectCleanedByDel(lab, what, { times, glance, glanceEvery: 3, netnsOf });
    },
  );

  it(`that is killed is taken up by the next (SEED=${seed})`, { timeout }, async () => {
    await using lab = await createLab();
    const what = { type: "nat", config: guest, runtimeConfig } as const;
    await expectTakenUp(lab, what, { times: 12, leases: 2 });
  });

  it.each(places)(
    "%s that fails at any step leaves host and state as they were",
    { timeout },
    async (_, config) => {
      await using lab = await createLab();
      await lab.add();
      const container = await lab.host.compartment();
      const failing = { type: "nat", container, config, runtimeConfig } as const;
      const { count, result } = await failEverywhere(lab, failing);
      expect(count).toBeGreaterThan(25);
      const attached = { id: "victim", netns: container.path, config };
      await lab.done("CHECK", { ...attached, runtimeConfig, prevResult: JSON.parse(result) });
      await lab.done("DEL", attached);
    },
  );
});
