/** T47, T48: killed at any moment. */
import type { Context } from "../context.ts";
import { expectError, expectResult, expectSilent } from "../expect.ts";
import { expectReal } from "../kernel.ts";
import { randomFrom } from "../random.ts";
import { ipOf } from "../result-view.ts";
import { always, fail, must, type Scenario } from "../scenario.ts";

export const crashScenarios: readonly Scenario[] = [
  ...(["SIGKILL", "SIGTERM"] as const).map(
    (signal, at): Scenario => ({
      id: `T47${"ab"[at]}`,
      title: `${signal} at random moments of ADD, then DEL: it succeeds the first time and leaves nothing`,
      applies: always,
      run: (context) =>
        killed(context, "ADD", async (key, afterMs, before) => {
          await context.call("ADD", key, { kill: { signal, afterMs } });
          await quiet(context);
          expectSilent("DEL", await context.call("DEL", key));
          await context.unchanged(before, "after DEL");
        }),
    }),
  ),
  {
    id: "T47c",
    title: "SIGKILL at random moments of DEL, then DEL: it succeeds and leaves nothing",
    applies: always,
    run: (context) =>
      killed(context, "DEL", async (key, afterMs, before) => {
        const attachment = await context.add(key);
        await context.call("DEL", attachment, { kill: { signal: "SIGKILL", afterMs } });
        await quiet(context);
        expectSilent("DEL", await context.call("DEL", attachment));
        await context.unchanged(before, "after the second DEL");
      }),
  },
  {
    id: "T48",
    title:
      "SIGKILL at random moments of ADD, then ADD of the same key: works or is an error, no address is given twice",
    applies: always,
    run: (context) =>
      killed(context, "ADD", async (key, afterMs, before) => {
        await context.call("ADD", key, { kill: { signal: "SIGKILL", afterMs } });
        await quiet(context);
        const again = await context.call("ADD", key);
        const other = await context.attach();
        if (again.exitCode === 0) {
          const attachment = { ...key, result: expectResult(again, key) };
          await expectReal(context.host, attachment);
          must(ipOf(attachment) !== ipOf(other), `${ipOf(other)} was given twice`);
        } else expectError(context.subject, again, { codes: [4, 7, 11, "own"] });
        await context.detach(key);
        await context.detach(other);
        await context.host.remove(other.ns);
        await context.unchanged(before, "after both DELs");
      }),
  },
];

type Snapshot = Awaited<ReturnType<Context["snapshot"]>>;
type Key = Awaited<ReturnType<Context["key"]>>;

/** Tries moments between the start and a little after the usual end of the verb. */
async function killed(
  context: Context,
  verb: "ADD" | "DEL",
  attempt: (key: Key, afterMs: number, before: Snapshot) => Promise<void>,
): Promise<void> {
  const random = randomFrom(context.subject.seed);
  const usualMs = await usualTime(context, verb);
  const before = await context.snapshot();
  const kills = context.subject.kills ?? 10;
  for (let number = 1; number <= kills; number++) {
    const afterMs = random.below(usualMs * 1.1);
    const key = await context.key();
    try {
      await attempt(key, afterMs, before);
    } catch (error) {
      const seen = error instanceof Error ? error.message : String(error);
      fail(`kill ${number} of ${kills}, after ${afterMs.toFixed(1)} ms, seed ${random.seed}: ${seen}`);
    }
    await context.host.remove(key.ns);
  }
}

async function usualTime(context: Context, verb: "ADD" | "DEL"): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 3; round++) {
    const key = await context.key();
    const added = await context.call("ADD", key);
    const result = expectResult(added, key);
    const deleted = await context.call("DEL", { ...key, result });
    expectSilent("DEL", deleted);
    times.push((verb === "ADD" ? added : deleted).elapsedMs);
    await context.host.remove(key.ns);
  }
  return times.toSorted((a, b) => a - b)[1] ?? 10;
}

/** Waits until no process of the killed plugin, such as its delegate, is left in the host. */
async function quiet(context: Context): Promise<void> {
  const { host } = context;
  const deadline = performance.now() + 5_000;
  while (performance.now() < deadline) {
    const own = await host.run(host.ns, ["ip", "netns", "pids", host.ns.name]);
    const others = own.stdout.split("\n").filter((pid) => pid !== "");
    // The process that asks is in the host too.
    if (others.length <= 1) return;
  }
  fail("processes of the killed plugin are still running after five seconds");
}
