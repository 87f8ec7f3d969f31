import { describe, expect, it } from "vitest";
import { addsThatFail } from "./failing-add.ts";
import { whyNoNat } from "./nat-lab.ts";
import { createRoutedLab, routed } from "./routed-lab.ts";

const reason = whyNoNat();

describe.skipIf(reason !== undefined)(
  `an ADD to a routed network that fails${reason ? ` (${reason})` : ""}`,
  () => {
    it.each([
      ["that is there", true],
      ["that is the host's first", false],
    ])(
      "%s, at any step, leaves the host and its state as they were",
      { timeout: 240_000 },
      async (_, warm) => {
        await using lab = await createRoutedLab();
        // The wire is asked as often as there is time: without, all runs have the same steps.
        const config = { ...routed, dad: false };
        if (warm) await lab.add({ config });
        const container = await lab.host.compartment();
        const all = await addsThatFail(lab, { type: "transparent", container, config, timeoutMs: 200_000 });
        const failures = all.filter(({ failed }) => failed !== undefined);
        console.log(`failed at ${failures.length} steps`);
        expect(failures.length).toBeGreaterThan(warm ? 25 : 40);
        for (const failure of failures) expect({ ...failure, stdout: "" }).toMatchObject({ left: "" });
        expect(failures.filter(({ failed }) => failed?.startsWith("announce "))).toHaveLength(1);
        expect(failures.filter(({ failed }) => failed?.startsWith("neigh add proxy "))).toHaveLength(2);
        expect(all.at(-1)).toMatchObject({ exitCode: 0 });
      },
    );
  },
);
