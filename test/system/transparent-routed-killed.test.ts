import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { killedAt, seed, whyNoStrace } from "./killed.ts";
import { type KilledAdd, rowsOf, startKilling } from "./killed-add.ts";
import { type NatLab, whyNoNat } from "./nat-lab.ts";
import { createRoutedLab, routed } from "./routed-lab.ts";

const reason = whyNoNat();
const noStrace = whyNoStrace();
const times = 52;
const timeout = 240_000;
/** The host answers for the container at the very end. */
const late = /^addr add .* dev eth0/;
const asked: KilledAdd = { type: "transparent", config: routed, runtimeConfig: {}, late };
/** The wire is asked as often as there is time. */
const unasked = { ...routed, dad: false };
const nobody = { ...routed, "cni.dev/valid-attachments": [] };

/** What a routed network makes on a host, and what it changes there. */
const left = ({ host }: NatLab) =>
  host.exec(
    host.ns,
    "sh",
    "-c",
    `ip -br link | cut -d' ' -f1; ip neighbour show proxy; ip route show proto 118; ip -6 route show proto 118
    nft list ruleset; cd /proc/sys/net; grep . ipv?/neigh/eth0/proxy_delay ipv6/conf/all/proxy_ndp`,
  );

describe.skipIf(reason !== undefined)(
  `an ADD to a routed network that is killed${reason ? ` (${reason})` : ""}`,
  () => {
    it(`at ${times} random moments is cleaned by DEL and GC (SEED=${seed})`, { timeout }, async () => {
      await using lab = await createRoutedLab();
      const before = await left(lab);
      const killing = await startKilling(lab, asked);
      let answered = 0;
      for (let i = 0; i < times; i++) {
        const when = await killing.attempt(i, `c${i}`);
        if ((await left(lab)).includes("proxy proto")) answered++;
        await lab.done("DEL", { id: `c${i}`, netns: killing.ns.path });
        expect(rowsOf(lab), when).toEqual([]);
        if (i % 4 !== 3) continue;
        await lab.done("GC", { config: nobody });
        expect(await left(lab), when).toBe(before);
      }
      killing.expectUnfinished(times, { answered });
    });

    it.skipIf(noStrace)(
      `at any of its messages, and its state lost, leaves what GC finds by the marks${noStrace ? ` (${noStrace})` : ""}`,
      { timeout },
      async () => {
        await using lab = await createRoutedLab();
        const { host } = lab;
        const before = await left(lab);
        const seen = { killed: 0, answered: 0 };
        for (let n = 1; ; n++) {
          const ns = await host.compartment();
          const call = { wrap: killedAt(n), timeoutMs: 60_000 };
          const outcome = await lab.call("ADD", { id: "c", netns: ns.path, config: unasked, call });
          seen.killed++;
          if ((await left(lab)).includes("proxy proto")) seen.answered++;
          // Of every other one the container goes first, and with it the port.
          if (n % 2 === 0) await host.remove(ns);
          rmSync(lab.dataDir, { recursive: true, force: true });
          await lab.done("GC", { config: nobody });
          expect(await left(lab), `killed at message ${n}`).toBe(before);
          if (n % 2 === 1) await host.remove(ns);
          if (outcome.exitCode === 0) break;
        }
        console.log(`killed at each of its messages: ${JSON.stringify(seen)}`);
        expect(seen.killed).toBeGreaterThan(10);
        expect(seen.answered).toBeGreaterThan(1);
      },
    );
  },
);
