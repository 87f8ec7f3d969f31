/** T1 to T4, T11, T12, T18 to T20: the process and its channels, whatever the configuration. */
import type { Context } from "../context.ts";
import { expectError, expectResult, oneObject, shown } from "../expect.ts";
import { expectReal } from "../kernel.ts";
import { always, must, type Scenario } from "../scenario.ts";
import { allVersions } from "../target.ts";

export const processScenarios: readonly Scenario[] = [
  {
    id: "T1",
    title: "Called without CNI_COMMAND it says on standard error what it is, and exits 0",
    applies: always,
    run: async ({ host, subject }) => {
      const outcome = await host.plugin(subject.plugin, {});
      must(outcome.exitCode === 0 && outcome.stdout === "", shown(outcome));
      must(/CNI/i.test(outcome.stderr), `no word of CNI on standard error: ${shown(outcome)}`);
    },
  },
  {
    id: "T2",
    title: "VERSION lists all seven versions and answers in the version asked, or in its newest",
    applies: always,
    run: async (context) => {
      for (const asked of allVersions) {
        const answer = await versionOf(context, { cniVersion: asked });
        const listed = answer.supportedVersions as readonly string[];
        const right = answer.cniVersion === asked || answer.cniVersion === listed.at(-1);
        must(right, `asked in ${asked}, answered in ${String(answer.cniVersion)}`);
        const missing = allVersions.filter((version) => !listed.includes(version));
        must(missing.length === 0, `not listed: ${missing.join(", ")}`);
      }
    },
  },
  {
    id: "T3",
    title: "VERSION answers although standard input is empty or no JSON, and touches nothing",
    applies: always,
    run: async (context) => {
      const before = await context.snapshot();
      for (const stdin of ["", "{", "not json", "[]"]) await versionOf(context, stdin);
      await context.unchanged(before, "after VERSION");
    },
  },
  {
    id: "T4",
    title: "A verb it does not know is error 4 that names CNI_COMMAND",
    applies: always,
    run: async (context) => {
      const key = await context.key();
      for (const verb of ["add", "FOO", "ADD "]) {
        const outcome = await context.call(verb, key);
        expectError(context.subject, outcome, { codes: [4], names: ["CNI_COMMAND"] });
      }
    },
  },
  {
    id: "T11a",
    title: "50 MiB on standard input end within ten seconds, with success or error 5, 6 or 7",
    applies: always,
    run: (context) => endure(context, (request) => `{"padding":"${"x".repeat(50 << 20)}",${request}`),
  },
  {
    id: "T11b",
    title: "100 000 nested lists on standard input end within ten seconds, with success or error 5, 6 or 7",
    applies: always,
    run: (context) =>
      endure(context, (request) => `{"padding":${"[".repeat(1e5)}${"]".repeat(1e5)},${request}`),
  },
  {
    id: "T11c",
    title: "A key repeated a million times ends within ten seconds, with success or error 5, 6 or 7",
    applies: always,
    run: (context) => endure(context, (request) => `{${'"padding":1,'.repeat(1e6)}${request}`),
  },
  {
    id: "T11d",
    title: "Numbers beyond a double (1e400, 2^53+1) under a foreign key end with success or error 6 or 7",
    applies: always,
    run: (context) => endure(context, (request) => `{"padding":[1e400,9007199254740993],${request}`),
  },
  {
    id: "T12a",
    title: "Standard input that is closed gives an error",
    applies: always,
    run: async (context) => {
      const key = await context.key();
      const outcome = await context.call("ADD", key, { wrap: ["sh", "-c", 'exec "$@" <&-', "sh"] });
      expectError(context.subject, outcome, { codes: [5, 6, 7] });
    },
  },
  {
    id: "T12b",
    title: "Standard input that stays open is waited for without using the processor; SIGTERM ends it",
    applies: always,
    run: async (context) => {
      const before = await context.snapshot();
      const waiting = 'TIMEFORMAT="cpu=%U+%S"; time timeout --preserve-status -s TERM 1.5 "$@"';
      const key = await context.key();
      const outcome = await context.call("ADD", key, {
        holdStdin: true,
        wrap: ["bash", "-c", waiting, "bash"],
        timeoutMs: 6_000,
      });
      must(!outcome.timedOut && outcome.exitCode !== 0, `after SIGTERM: ${shown(outcome)}`);
      const [, user = "9", system = "9"] = /cpu=([\d.]+)\+([\d.]+)/.exec(outcome.stderr) ?? [];
      const seconds = Number(user) + Number(system);
      must(seconds < 0.75, `used ${seconds} s of processor time in 1.5 s of waiting`);
      await context.unchanged(before, "after SIGTERM");
    },
  },
  {
    id: "T18",
    title: "A reader that is gone before the result does not hang ADD; DEL cleans what there is",
    applies: always,
    run: async (context) => {
      const before = await context.warm();
      const key = await context.key();
      const outcome = await context.call("ADD", key, { stdout: "closed", timeoutMs: 15_000 });
      must(!outcome.timedOut, `ADD hangs: ${shown(outcome)}`);
      must(outcome.exitCode !== 0, `ADD says it succeeded, but nobody has its result: ${shown(outcome)}`);
      await context.detach(key);
      await context.unchanged(before, "after DEL");
    },
  },
  {
    id: "T19",
    title: "ADD succeeds with standard error closed",
    applies: always,
    run: async (context) => {
      const key = await context.key();
      const outcome = await context.call("ADD", key, { wrap: ["sh", "-c", 'exec "$@" 2>&-', "sh"] });
      await expectReal(context.host, { ...key, result: expectResult(outcome, key) });
    },
  },
  {
    id: "T20a",
    title: "ADD and DEL work with no PATH, HOME or locale and under umask 777",
    applies: always,
    run: (context) => barely(context, ""),
  },
  {
    id: "T20b",
    title: "ADD and DEL work in a working folder that is deleted",
    applies: always,
    run: (context) => barely(context, 'd=$(mktemp -d) && cd "$d" && rmdir "$d" &&'),
  },
];

async function versionOf({ host, subject }: Context, stdin: unknown) {
  const outcome = await host.plugin(subject.plugin, { verb: "VERSION", stdin });
  const answer = oneObject(outcome.stdout);
  must(
    outcome.exitCode === 0 && answer !== undefined,
    `VERSION with ${JSON.stringify(stdin)}: ${shown(outcome)}`,
  );
  must(Array.isArray(answer.supportedVersions), `no supportedVersions: ${shown(outcome)}`);
  return answer;
}

/** ADD and DEL in a poor environment, after some shell text. */
async function barely(context: Context, before: string): Promise<void> {
  const clean = await context.warm();
  const change = {
    wrap: ["sh", "-c", `PATH=/usr/bin:/bin; ${before} umask 777 && unset PATH && exec "$@"`, "sh"],
    env: { PATH: undefined, LANG: "tr_TR.UTF-8", LC_ALL: "xx", TZ: ":no/such/zone" },
  };
  const attachment = await context.add(await context.key(), change);
  await expectReal(context.host, attachment);
  await context.detach(attachment, change);
  await context.unchanged(clean, "after DEL");
}

/** ADD with a strange document: an answer in time, and a host as before afterwards. */
async function endure(context: Context, documentOf: (request: string) => string): Promise<void> {
  const before = await context.warm();
  const key = await context.key();
  const request = JSON.stringify({ cniVersion: key.version, name: key.network, ...context.subject.config });
  const outcome = await context.call("ADD", key, { stdin: documentOf(request.slice(1)), timeoutMs: 10_000 });
  must(!outcome.timedOut, "no answer in ten seconds");
  if (outcome.exitCode === 0) await context.detach({ ...key, result: expectResult(outcome, key) });
  else expectError(context.subject, outcome, { codes: [5, 6, 7] });
  await context.unchanged(before, "afterwards");
}
