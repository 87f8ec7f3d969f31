import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { failEverywhere } from "./failing-add.ts";
import { createLanLab, lan } from "./lan-lab.ts";
import { whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
// The shortest question: each look at its answer is a step that may fail.
const dad = 1;
const ranges = [
  [{ subnet: "192.0.2.0/24", rangeStart: "192.0.2.100" }],
  [{ subnet: "2001:db8::/64", rangeStart: "2001:db8::100" }],
];
const cases = [
  { title: "of both families", config: { ...lan, dad }, atLeast: 20 },
  { title: "with an adapter for the host", config: { ...lan, dad, hostAccess: true }, atLeast: 25 },
  { title: "without addresses", config: {}, atLeast: 5 },
  {
    title: "with a delegate for its addresses",
    config: { cniVersion: "1.0.0", dad, ipam: { type: "host-local", ranges } },
    atLeast: 25,
    delegate: true,
  },
];
const whyNoDelegate = existsSync("/usr/lib/cni/host-local")
  ? ""
  : " (/usr/lib/cni/host-local is not installed)";

describe.skipIf(reason !== undefined)(
  `an ADD to a transparent network that fails${reason ? ` (${reason})` : ""}`,
  () => {
    it.for(cases)(
      "at any step leaves the host, its state and the compartment as they were: $title",
      async ({ title, config, atLeast, delegate = false }, { skip }) => {
        skip(delegate && whyNoDelegate !== "", whyNoDelegate);
        await using lab = await createLanLab();
        const { host } = lab;
        const folder = `${host.dir}/leases`;
        const own = delegate ? { ...config, ipam: { ...config.ipam, dataDir: folder } } : config;
        const env = { CNI_PATH: "/usr/lib/cni" };
        await lab.add({ config: own, env });
        const container = await host.compartment();
        const { count, result } = await failEverywhere(lab, {
          type: "transparent",
          container,
          config: own,
          folders: [folder],
        });
        console.log(`${title}: failed at ${count} steps`);
        expect(count).toBeGreaterThan(atLeast);
        const attached = { id: "victim", netns: container.path, config: own, env };
        await lab.done("CHECK", { ...attached, prevResult: JSON.parse(result) });
        await lab.done("DEL", attached);
        expect(await host.exec(container, "ip", "-o", "link", "show", "type", "macvlan")).toBe("");
      },
    );
  },
);
