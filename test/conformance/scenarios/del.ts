/** T53 to T56, T58, T59, T65, T66: DEL. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expectSilent, shown } from "../expect.ts";
import { expectReal, linkOf } from "../kernel.ts";
import { pools, subnets } from "../pools.ts";
import { ipOf } from "../result-view.ts";
import { always, must, needs, type Scenario } from "../scenario.ts";
import { cleanAfter } from "./clean-after.ts";

export const delScenarios: readonly Scenario[] = [
  {
    id: "T53",
    title: "DEL after ADD says nothing and leaves nothing",
    applies: always,
    run: (context) => cleanAfter(context, async (attachment) => context.detach(attachment)),
  },
  {
    id: "T54",
    title: "DEL five times succeeds five times",
    applies: always,
    run: (context) =>
      cleanAfter(context, async (attachment) => {
        for (let time = 0; time < 5; time++) await context.detach(attachment);
      }),
  },
  {
    id: "T55",
    title: "DEL without ADD succeeds and changes nothing",
    applies: always,
    run: async (context) => {
      const before = await context.warm();
      await context.detach(await context.key());
      await context.unchanged(before, "after DEL");
    },
  },
  {
    id: "T55b",
    title: "DEL on a host where the plugin never ran succeeds",
    applies: always,
    run: async (context) => context.detach(await context.key()),
  },
  {
    id: "T56a",
    title: "DEL with an empty CNI_NETNS cleans the host while the compartment still lives",
    applies: always,
    run: (context) =>
      cleanAfter(context, async (attachment) => context.detach(attachment, { env: { CNI_NETNS: "" } })),
  },
  {
    id: "T56b",
    title: "DEL with a CNI_NETNS that is gone cleans the host",
    applies: always,
    run: (context) =>
      cleanAfter(context, async (attachment) => {
        await context.host.remove(attachment.ns);
        must(!existsSync(attachment.netns), "the suite itself: the compartment is still there");
        await context.detach(attachment);
      }),
  },
  {
    id: "T56c",
    title: "DEL with a CNI_NETNS that is now an ordinary file succeeds and cleans the host",
    applies: always,
    run: (context) =>
      cleanAfter(context, async (attachment) => {
        const file = join(context.host.dir, "file");
        writeFileSync(file, "");
        await context.detach({ ...attachment, netns: file });
      }),
  },
  {
    id: "T56d",
    title: "DEL whose CNI_NETNS now belongs to another container leaves that container's interface",
    applies: always,
    run: async (context) => {
      const old = await context.attach();
      await context.host.remove(old.ns);
      const other = await context.attach();
      await context.detach({ ...old, ns: other.ns, netns: other.netns });
      await expectReal(context.host, other);
      if (context.subject.has.check) await context.check(other);
    },
  },
  {
    id: "T58",
    title: "DEL without prevResult, with another container's or with a broken one cleans its own key alone",
    applies: always,
    run: async (context) => {
      const before = await context.warm();
      const other = await context.attach();
      const kept = await context.snapshot();
      for (const prevResult of [null, other.result, { cniVersion: "9.9.9", interfaces: 7 }]) {
        const attachment = await context.attach();
        await context.detach(attachment, { prevResult });
        must(
          (await linkOf(context.host, attachment.ns, "eth0")) === undefined,
          "the interface is still there",
        );
        await context.host.remove(attachment.ns);
        await context.unchanged(kept, `after DEL with prevResult ${JSON.stringify(prevResult)}`);
      }
      await expectReal(context.host, other);
      await context.detach(other);
      await context.unchanged(before, "after the last DEL");
    },
  },
  {
    id: "T59",
    title:
      "After DEL with an empty CNI_NETNS no other container gets the address while the first still has it",
    applies: needs("pools"),
    run: async (context) => {
      const config = pools(context.subject.config, subnets.one);
      const first = await context.attach({ config });
      await context.detach(first, { env: { CNI_NETNS: "" } });
      const link = await linkOf(context.host, first.ns, "eth0");
      const outcome = await context.call("ADD", await context.key({ config }));
      const alive = link !== undefined && JSON.stringify(link).includes(`"${ipOf(first)}"`);
      must(!(alive && outcome.exitCode === 0), `${ipOf(first)} is now in use twice`);
      await context.detach(first);
    },
  },
  {
    id: "T65a",
    title: "DEL of one container beside ADD of another: both succeed, neither harms the other",
    applies: always,
    run: async (context) => {
      const before = await context.warm();
      for (let round = 0; round < 5; round++) {
        const [old, next] = [await context.attach(), await context.key()];
        const [deleted, added] = await Promise.all([context.call("DEL", old), context.call("ADD", next)]);
        expectSilent("DEL", deleted);
        must(added.exitCode === 0, `ADD: ${shown(added)}`);
        const attachment = { ...next, result: JSON.parse(added.stdout) };
        await expectReal(context.host, attachment);
        await context.detach(attachment);
        await context.host.remove(old.ns, next.ns);
      }
      await context.unchanged(before, "afterwards");
    },
  },
  {
    id: "T65b",
    title: "Two DELs of the same key at the same time both succeed",
    applies: always,
    run: async (context) => {
      const before = await context.warm();
      for (let round = 0; round < 5; round++) {
        const attachment = await context.attach();
        const outcomes = await Promise.all([
          context.call("DEL", attachment),
          context.call("DEL", attachment),
        ]);
        for (const outcome of outcomes) expectSilent("DEL", outcome);
        await context.host.remove(attachment.ns);
      }
      await context.unchanged(before, "afterwards");
    },
  },
  {
    id: "T66",
    title: "DEL of a key whose address has gone to another container does not free that container's address",
    applies: needs("pools"),
    run: async (context) => {
      const config = pools(context.subject.config, subnets.one);
      const first = await context.attach({ config });
      await context.detach(first);
      const second = await context.attach({ config });
      must(ipOf(first) === ipOf(second), "the suite itself: the pool has more than one address");
      await context.detach(first);
      await expectReal(context.host, second);
      const third = await context.call("ADD", await context.key({ config }));
      must(third.exitCode !== 0, `${ipOf(second)} was given away a second time`);
    },
  },
];
