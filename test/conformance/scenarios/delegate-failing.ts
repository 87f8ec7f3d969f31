import type { Context } from "../context.ts";
import { expectError } from "../expect.ts";
import { failsWith, prints } from "../fake-delegate.ts";
import { must, needs, type Scenario } from "../scenario.ts";
import { trouble, warmFake } from "./warm-fake.ts";

export const failingDelegateScenarios: readonly Scenario[] = [
  failing(
    "T39a",
    "An error of the delegate is kept: code, message, details",
    failsWith(trouble),
    async (context, run) => {
      const error = expectError(context.subject, await run(), {
        codes: [123],
        names: [trouble.msg, trouble.details],
      });
      must(error.code === 123, `code ${String(error.code)}`);
    },
  ),
  failing(
    "T39b",
    "A delegate's words on standard error are in the error",
    "echo 'no luck today' >&2; exit 1",
    async (context, run) => {
      expectError(context.subject, await run(), { codes: [5, 6, 11, "own"], names: ["no luck today"] });
    },
  ),
  failing(
    "T39c",
    "A delegate that prints no JSON is error 6",
    "echo 'hello, world'",
    async (context, run) => {
      expectError(context.subject, await run(), { codes: [6, "own"] });
    },
  ),
  failing("T39d", "A delegate that is killed is an error", "kill -9 $$", async (context, run) => {
    expectError(context.subject, await run(), { codes: [5, 6, 11, "own"] });
  }),
  failing(
    "T39e",
    "A delegate that prints 10 MB of nonsense is an error within ten seconds",
    "head -c 10000000 /dev/zero | tr '\\0' 'x'",
    async (context, run) => {
      const outcome = await run();
      must(!outcome.timedOut && outcome.elapsedMs < 10_000, `took ${outcome.elapsedMs} ms`);
      expectError(context.subject, outcome, { codes: [6, "own"] });
    },
  ),
  failing(
    "T39f",
    "A delegate's result without addresses is an error",
    prints({ cniVersion: "1.0.0", ips: [] }),
    async (context, run) => {
      expectError(context.subject, await run(), { codes: [6, 7, "own"] });
    },
  ),
  failing(
    "T39g",
    "A delegate's result of an unknown version is an error",
    prints({ cniVersion: "9.9.9", ips: [{ address: "10.71.0.5/24" }] }),
    async (context, run) => {
      expectError(context.subject, await run(), { codes: [1, 6, "own"] });
    },
  ),
];

/** A row: the delegate's ADD does what the text says, ADD fails, and nothing is left after ADD. */
function failing(
  id: string,
  title: string,
  answer: string,
  judge: (context: Context, run: () => ReturnType<Context["call"]>) => Promise<void>,
): Scenario {
  return {
    id,
    title: `${title}; nothing is left`,
    applies: needs("delegation"),
    run: async (context) => {
      const { fake, env, config, before } = await warmFake(context);
      fake.answer({ ADD: answer });
      const key = await context.key({ config });
      await judge(context, () => context.call("ADD", key, { env, timeoutMs: 20_000 }));
      await context.unchanged(before, "after the ADD that failed");
    },
  };
}
