/** T117, T118: many at once, and many in a row. */

import { findPlugin, whyNoChain } from "../chain.ts";
import type { Attachment, Context } from "../context.ts";
import { expectResult, expectSilent, shown } from "../expect.ts";
import { expectReal, linkOf } from "../kernel.ts";
import { pools, subnets } from "../pools.ts";
import { ipOf } from "../result-view.ts";
import { always, must, type Scenario } from "../scenario.ts";

export const scaleScenarios: readonly Scenario[] = [
  {
    id: "T117a",
    title: "100 ADDs at once succeed with 100 addresses; 100 DELs at once succeed and leave nothing",
    applies: always,
    run: async (context) => {
      const config = context.subject.has.pools ? pools(context.subject.config, subnets.many) : {};
      const before = await context.warm({ config });
      const keys = await Promise.all(Array.from({ length: 100 }, () => context.key({ config })));
      const added = await Promise.all(keys.map((key) => context.call("ADD", key, { timeoutMs: 60_000 })));
      const bad = added.filter((outcome) => outcome.exitCode !== 0);
      const [first] = bad;
      must(first === undefined, `${bad.length} of 100 failed, the first with: ${first && shown(first)}`);
      const made = keys.map((key, at): Attachment => {
        const outcome = added[at];
        must(outcome !== undefined, "the suite itself: an outcome is missing");
        return { ...key, result: expectResult(outcome, key) };
      });
      const different = new Set(made.map(ipOf)).size;
      must(different === 100, `only ${different} different addresses`);
      for (const attachment of made.slice(0, 5)) await expectReal(context.host, attachment);
      const deleted = await Promise.all(made.map((one) => context.call("DEL", one, { timeoutMs: 60_000 })));
      for (const outcome of deleted) expectSilent("DEL", outcome);
      await context.unchanged(before, "after 100 DELs");
    },
  },
  {
    id: "T117b",
    title: "ADD beside an ADD of the loopback plugin on the same container succeeds, as containerd does it",
    applies: (subject) => whyNoChain(subject.cniPath, ["loopback"]),
    run: async (context) => {
      const loopback = findPlugin(context.subject.cniPath, "loopback") ?? "";
      for (let round = 0; round < 5; round++) {
        const key = await context.key();
        await context.host.exec(key.ns, "ip", "link", "set", "lo", "down");
        const env = { CNI_CONTAINERID: key.id, CNI_NETNS: key.netns, CNI_IFNAME: "lo", CNI_PATH: "/" };
        const stdin = { cniVersion: "1.0.0", name: "cni-loopback", type: "loopback" };
        const [attachment, lo] = await Promise.all([
          context.add(key),
          context.host.plugin(loopback, { verb: "ADD", env, stdin }),
        ]);
        must(lo.exitCode === 0, `loopback: ${shown(lo)}`);
        await expectReal(context.host, attachment);
        const link = await linkOf(context.host, key.ns, "lo");
        must(JSON.stringify(link?.flags).includes("UP"), "lo is down");
        await context.detach(attachment);
      }
    },
  },
  {
    id: "T118",
    title: "Fifty times ADD and DEL leave the host and the state as they were",
    applies: always,
    run: async (context) => {
      const before = await context.warm();
      await cycles(context, 50);
      await context.unchanged(before, "after fifty cycles");
    },
  },
];

async function cycles(context: Context, count: number): Promise<void> {
  const { ns } = await context.key();
  for (let cycle = 0; cycle < count; cycle++) await context.detach(await context.attach({ ns }));
}
