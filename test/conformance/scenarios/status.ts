/** T86 to T89: STATUS. */
import type { Context } from "../context.ts";
import { expectError, expectSilent, shown } from "../expect.ts";
import { failsWith } from "../fake-delegate.ts";
import { pools, subnets } from "../pools.ts";
import { must, needs, type Scenario } from "../scenario.ts";
import { noContainer } from "./gc.ts";
import { warmFake } from "./warm-fake.ts";

export const statusScenarios: readonly Scenario[] = [
  {
    id: "T87a",
    title: "STATUS succeeds in silence where ADD could be served, on a fresh host and on a used one",
    applies: needs("status"),
    run: async (context) => {
      expectSilent("STATUS", await status(context));
      await context.warm();
      expectSilent("STATUS", await status(context));
    },
  },
  {
    id: "T87b",
    title: "STATUS is error 50 while the pool is full, and well again after DEL",
    applies: needs("status", "pools"),
    run: async (context) => {
      const config = pools(context.subject.config, subnets.one);
      const attachment = await context.attach({ config });
      expectError(context.subject, await status(context, { config }), { codes: [50] });
      await context.detach(attachment);
      expectSilent("STATUS", await status(context, { config }));
    },
  },
  {
    id: "T87c",
    title: "STATUS is error 50 where the state folder is read-only",
    applies: needs("status", "data"),
    run: async (context) => {
      const { data } = context;
      const mount = `mount --make-rprivate / && mount --bind '${data}' '${data}' && mount -o remount,bind,ro '${data}'`;
      const wrap = ["unshare", "--mount", "sh", "-c", `${mount} && exec "$@"`, "sh"];
      expectError(context.subject, await status(context, { wrap }), { codes: [50] });
    },
  },
  {
    id: "T87d",
    title: "STATUS is error 50 that names a delegate which is missing",
    applies: needs("status", "delegation"),
    run: async (context) => {
      const outcome = await status(context, { config: { ipam: { type: "absent-ipam" } } });
      expectError(context.subject, outcome, { codes: [50], names: ["absent-ipam"] });
    },
  },
  {
    id: "T87e",
    title: "The delegate's error 50 or 51 is kept",
    applies: needs("status", "delegation"),
    run: async (context) => {
      const { fake, env, config } = await warmFake(context);
      for (const code of [50, 51]) {
        fake.answer({ STATUS: failsWith({ code, msg: "the pool is on fire" }) });
        expectError(context.subject, await status(context, { config, env }), {
          codes: [code],
          names: ["on fire"],
        });
      }
    },
  },
  {
    id: "T88",
    title: "STATUS fifty times changes nothing on the host and in the state",
    applies: needs("status"),
    run: async (context) => {
      const before = await context.warm();
      for (let time = 0; time < 50; time++) expectSilent("STATUS", await status(context));
      await context.unchanged(before, "after STATUS");
    },
  },
  {
    id: "T89",
    title: "A delegate that does not know STATUS is tolerated, or its error is passed on",
    applies: needs("status", "delegation"),
    run: async (context) => {
      const { fake, env, config } = await warmFake(context);
      for (const code of [1, 4]) {
        fake.answer({ STATUS: failsWith({ code, msg: "unknown CNI_COMMAND: STATUS" }) });
        const outcome = await status(context, { config, env });
        must(!outcome.timedOut, shown(outcome));
        if (outcome.exitCode !== 0) expectError(context.subject, outcome, { codes: [code, 50] });
      }
    },
  },
];

async function status(context: Context, change: Parameters<Context["call"]>[2] = {}) {
  const env = { ...noContainer, ...change.env };
  return context.call("STATUS", await context.key(), { ...change, env });
}
