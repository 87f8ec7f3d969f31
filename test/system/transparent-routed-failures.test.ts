import { describe, expect, it } from "vitest";
import type { Failure, FailuresRequest } from "./nat-failures-child.ts";
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
        const { host, dataDir } = lab;
        // The wire is asked as often as there is time: without, all runs have the same steps.
        const config = { ...routed, dad: false };
        if (warm) await lab.add({ config });
        const container = await host.compartment();
        const env = {
          CNI_COMMAND: "ADD",
          CNI_CONTAINERID: "victim",
          CNI_NETNS: container.path,
          CNI_IFNAME: "eth0",
          CNI_PATH: "/usr/lib/cni",
          PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
          VSWITCH_DATA_DIR: dataDir,
        };
        const whole = { cniVersion: "1.1.0", name: "transparent", type: "transparent", ...config };
        const request: FailuresRequest = {
          ns: host.ns,
          container,
          dataDir,
          env,
          config: whole,
          folders: [],
          type: "transparent",
        };
        const script = `${import.meta.dirname}/nat-failures-child.ts`;
        const output = await host.run(host.ns, [process.execPath, script, JSON.stringify(request)], {
          timeoutMs: 200_000,
        });
        expect(output.stderr).toBe("");
        const all = output.stdout.split("\n").map((line) => JSON.parse(line) as Failure);
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
