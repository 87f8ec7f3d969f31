import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { killedAt, killedCall, randomOf, seed, whyNoStrace } from "./killed.ts";
import { type KilledAdd, rowsOf } from "./killed-add.ts";
import { expectCleanedByDel, expectTakenUp } from "./killed-add-mended.ts";
import { formatMoment, momentIn, toldBy } from "./moments.ts";
import type { Namespace } from "./namespaces.ts";
import { type NatLab, publish, whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayHost } from "./overlay-lab.ts";

const why = whyNoNat();
const modes = ["routed", "stretched"] as const;
const timeout = 120_000;
const runtimeConfig = publish("8080:80/tcp");

/** What comes before it, and leaves nothing, takes more than half of the time. */
const late = /^link add /;
const what = ({ config }: OverlayHost): KilledAdd => ({ type: "overlay", config, runtimeConfig, late });

/** Links of the host and of the compartment, and what a network has in the tables. */
async function glance(lab: NatLab, ns: Namespace): Promise<string> {
  const script = `ip -br link | cut -d' ' -f1; ip -n ${ns.name} -br link; nft list map inet vswitch published4_any;
    nft list set inet vswitch vteps4; nft list set inet vswitch tunnels; ip route show proto 118; ip nexthop`;
  return lab.host.exec(lab.host.ns, "sh", "-c", script);
}

async function hostOf(mode: "routed" | "stretched"): Promise<OverlayHost & AsyncDisposable> {
  const lab = await createOverlayLab({ mode });
  return { ...(lab.hosts[0] as OverlayHost), [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() };
}

describe.skipIf(why).each(modes)(
  `a verb of an overlay network that is killed, %s${why ? ` (${why})` : ""}`,
  (mode) => {
    it(`is cleaned by DEL at once, an ADD at random moments (SEED=${seed})`, { timeout }, async () => {
      await using lab = await hostOf(mode);
      const netnsOf = (_: number, ns: Namespace) => ns.path;
      await expectCleanedByDel(lab, what(lab), { times: 20, glance, glanceEvery: 5, netnsOf });
    });

    it(`is taken up by the next ADD, one at random moments (SEED=${seed})`, { timeout }, async () => {
      await using lab = await hostOf(mode);
      await expectTakenUp(lab, what(lab), { times: 16, leases: 2 });
    });

    it(`is ended by the next DEL, one at random moments (SEED=${seed})`, { timeout }, async () => {
      await using lab = await hostOf(mode);
      const { config, host } = lab;
      await lab.add();
      const before = await host.snapshot(lab.everything);
      const random = randomOf(seed);
      const ns = await host.compartment();
      const victim = { id: "victim", ns, runtimeConfig };
      const gone = { id: "victim", netns: ns.path };
      await lab.add(victim);
      const told = toldBy(await lab.done("DEL", { ...gone, env: { VSWITCH_TRACE: "1" } }));
      const seen = { killed: 0, left: 0 };
      for (let i = 0; i < 16; i++) {
        await lab.add(victim);
        const call = { type: "overlay", verb: "DEL", ...gone, config } as const;
        const moment = momentIn(told, random);
        if (await killedCall(lab, call, moment)) seen.killed++;
        if (rowsOf(lab).join().includes("victim")) seen.left++;
        await lab.done("DEL", gone);
        const attempt = `SEED=${seed}, attempt ${i}, ${formatMoment(moment)}`;
        expect(rowsOf(lab).join(), attempt).not.toContain("victim");
      }
      console.log(`DEL: ${JSON.stringify(seen)}`);
      expect(seen.left).toBeGreaterThan(1);
      expect(await host.changes(before, lab.everything)).toBe("");
    });
  },
);

const whyNot = why ?? whyNoStrace();

describe.skipIf(whyNot).each(modes)(
  `the first ADD of an overlay network, %s${whyNot ? ` (${whyNot})` : ""}`,
  (mode) => {
    it("leaves what GC finds by the marks, killed at its messages, and its state lost", {
      timeout,
    }, async () => {
      await using lab = await hostOf(mode);
      const { host, config } = lab;
      await host.exec(host.ns, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
      const before = await host.snapshot();
      const ns = await host.compartment();
      const nobody = { ...config, "cni.dev/valid-attachments": [] };
      // Every third of them, from another one on each time.
      for (let n = 1 + (seed % 3); ; n += 3) {
        const call = { wrap: killedAt(n), timeoutMs: 60_000 };
        const outcome = await lab.call("ADD", { id: "c", netns: ns.path, runtimeConfig, call });
        rmSync(lab.dataDir, { recursive: true, force: true });
        await lab.done("GC", { config: nobody });
        expect(await host.changes(before), `killed at message ${n}`).toBe("");
        if (outcome.exitCode !== 0) continue;
        console.log(`killed at every third of its ${n - 1} messages (SEED=${seed})`);
        expect(n).toBeGreaterThan(15);
        break;
      }
    });
  },
);
