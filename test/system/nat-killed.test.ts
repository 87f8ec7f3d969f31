import { describe, expect, it } from "vitest";
import { addMs, type KilledAdd, killedAdd, momentsOf, randomOf, rowsOf } from "./killed-add.ts";
import type { Namespace } from "./namespaces.ts";
import { createLab, dual, type NatLab, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 0x7fffffff));
const times = 200;
const timeout = 240_000;

const runtimeConfig = publish("8080:80/tcp", "8053:53/udp");
const acl = { Action: "Allow", Direction: "In", Protocols: "6", LocalPorts: "80", Priority: 1 };
const config = {
  ...dual,
  policies: [
    { Type: "ACL", Settings: acl },
    { Type: "OutBoundNAT", Settings: { Exceptions: ["10.0.0.0/8"] } },
  ],
};

const what: KilledAdd = { type: "nat", config, runtimeConfig };

/** What a glance shows of the kernel: links of the host and of the compartment, and published ports. */
async function glance(lab: NatLab, ns: Namespace): Promise<string> {
  const script = `ip -br link | cut -d' ' -f1; ip -n ${ns.name} -br link; nft list map inet vswitch published4_any;
    nft list map inet vswitch published6_any; nft list set bridge vswitch judged;
    nft -t list table bridge vswitch | grep -E "(set|chain) .*_vp-";
    nft list set inet vswitch own4`;
  return lab.host.exec(lab.host.ns, "sh", "-c", script);
}

describe.skipIf(reason !== undefined)(`an ADD that is killed${reason ? ` (${reason})` : ""}`, () => {
  it(`at ${times} random moments is cleaned by DEL at once (SEED=${seed})`, { timeout }, async () => {
    await using lab = await createLab();
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
      const outcome = await lab.call("DEL", { id: `c${i}`, netns: ns.path });
      const when = `SEED=${seed}, attempt ${i}, killed after ${afterMs.toFixed(2)} ms`;
      expect(outcome, when).toMatchObject({ exitCode: 0, stdout: "" });
      expect(rowsOf(lab), when).toEqual([]);
      // What one leaves stays there for the next ones: looking at each tenth finds it too, in a fraction of the time.
      if (i % 10 === 9) expect(await glance(lab, ns), when).toBe(clean);
    }
    expect(await lab.host.changes(before, lab.everything)).toBe("");
    console.log(`an ADD takes ${wholeMs.toFixed(1)} ms; ${JSON.stringify(seen)}`);
    // Else the moments were not where the work is, and this test says nothing.
    expect(seen.unfinished).toBeGreaterThan(times / 20);
  });

  it(`at ${times / 2} random moments is taken up by the next ADD (SEED=${seed})`, { timeout }, async () => {
    await using lab = await createLab();
    const ns = await lab.host.compartment();
    const wholeMs = await addMs(lab, what, ns);
    const moments = momentsOf(randomOf(seed + 1), wholeMs);
    const seen = { unfinished: 0, refused: 0 };
    for (let i = 0; i < times / 2; i++) {
      // Every fourth finds a host without the network.
      if (i % 4 === 0) await lab.done("GC", { config: { ...config, "cni.dev/valid-attachments": [] } });
      // Which has more to do.
      const afterMs = moments.next() * (i % 4 === 0 ? 1.3 : 1);
      await killedAdd(lab, what, "c", ns, afterMs);
      const when = `SEED=${seed}, attempt ${i}, killed after ${afterMs.toFixed(2)} ms`;
      const rows = rowsOf(lab).join();
      moments.seen(rows);
      if (rows.includes("adding")) seen.unfinished++;
      const outcome = await lab.call("ADD", { id: "c", netns: ns.path, config, runtimeConfig });
      if (outcome.exitCode === 0) {
        const check = {
          id: "c",
          netns: ns.path,
          config,
          runtimeConfig,
          prevResult: JSON.parse(outcome.stdout),
        };
        if (i % 10 === 0) await lab.done("CHECK", check);
      } else {
        // It had come to its end before it was killed: an attachment that is there is left alone.
        expect(JSON.parse(outcome.stdout), when).toMatchObject({ code: 101 });
        seen.refused++;
      }
      expect(
        rowsOf(lab).filter((row) => row.startsWith("leases")),
        when,
      ).toHaveLength(2);
      expect(rowsOf(lab).join(), when).not.toContain("adding");
      await lab.done("DEL", { id: "c", netns: ns.path });
      expect(rowsOf(lab), when).toEqual([]);
    }
    console.log(`an ADD takes ${wholeMs.toFixed(1)} ms; ${JSON.stringify(seen)}`);
    expect(seen.unfinished).toBeGreaterThan(times / 40);
  });
});
