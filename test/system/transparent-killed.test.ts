import { describe, expect, it } from "vitest";
import { addMs, type KilledAdd, killedAdd, momentsOf, randomOf, rowsOf } from "./killed-add.ts";
import { createLanLab, lanWith } from "./lan-lab.ts";
import type { Namespace } from "./namespaces.ts";
import { type NatLab, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 0x7fffffff));
const times = 80;
const timeout = 240_000;
const config = lanWith({ hostAccess: true, dad: 1 });
const what: KilledAdd = { type: "transparent", config, runtimeConfig: {} };
const nobody = { ...config, "cni.dev/valid-attachments": [] };

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
      const ns = await lab.host.compartment();
      const wholeMs = await addMs(lab, what, ns);
      const moments = momentsOf(randomOf(seed), wholeMs);
      const [before, clean] = [await lab.host.snapshot(lab.everything), await glance(lab, ns)];
      const seen = { killed: 0, recorded: 0, unfinished: 0 };
      for (let i = 0; i < times; i++) {
        const afterMs = moments.next();
        if (await killedAdd(lab, what, `c${i}`, ns, afterMs)) seen.killed++;
        const rows = rowsOf(lab).join();
        moments.seen(rows);
        if (rows !== "") seen.recorded++;
        if (rows.includes("adding")) seen.unfinished++;
        // Every third time nobody says where the compartment is.
        const netns = i % 3 === 0 ? "" : ns.path;
        const outcome = await lab.call("DEL", { id: `c${i}`, netns });
        const when = `SEED=${seed}, attempt ${i}, killed after ${afterMs.toFixed(2)} ms`;
        expect(outcome, when).toMatchObject({ exitCode: 0, stdout: "" });
        expect(rowsOf(lab), when).toEqual([]);
        if (i % 8 === 7) expect(await glance(lab, ns), when).toBe(clean);
      }
      expect(await lab.host.changes(before, lab.everything)).toBe("");
      console.log(`an ADD takes ${wholeMs.toFixed(1)} ms; ${JSON.stringify(seen)}`);
      // Else the moments were not where the work is, and this test says nothing.
      expect(seen.unfinished).toBeGreaterThan(times / 20);
    });

    it(`at ${times / 2} random moments is taken up by the next ADD (SEED=${seed})`, { timeout }, async () => {
      await using lab = await createLanLab();
      const ns = await lab.host.compartment();
      const wholeMs = await addMs(lab, what, ns);
      const moments = momentsOf(randomOf(seed + 1), wholeMs);
      const seen = { unfinished: 0, refused: 0 };
      for (let i = 0; i < times / 2; i++) {
        // Every fourth finds a host without the network.
        if (i % 4 === 0) await lab.done("GC", { config: nobody });
        const afterMs = moments.next() * (i % 4 === 0 ? 1.3 : 1);
        await killedAdd(lab, what, "c", ns, afterMs);
        const when = `SEED=${seed}, attempt ${i}, killed after ${afterMs.toFixed(2)} ms`;
        const rows = rowsOf(lab).join();
        moments.seen(rows);
        if (rows.includes("adding")) seen.unfinished++;
        const key = { id: "c", netns: ns.path, config };
        const outcome = await lab.call("ADD", key);
        if (outcome.exitCode === 0) {
          if (i % 10 === 0) await lab.done("CHECK", { ...key, prevResult: JSON.parse(outcome.stdout) });
        } else {
          // It had come to its end before it was killed: an attachment that is there is left alone.
          expect(JSON.parse(outcome.stdout), when).toMatchObject({ code: 101 });
          seen.refused++;
        }
        expect(rowsOf(lab).join(), when).not.toContain("adding");
        await lab.done("DEL", key);
        expect(rowsOf(lab), when).toEqual([]);
      }
      console.log(`an ADD takes ${wholeMs.toFixed(1)} ms; ${JSON.stringify(seen)}`);
      expect(seen.unfinished).toBeGreaterThan(times / 40);
    });
  },
);
