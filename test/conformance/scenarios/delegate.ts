/** T38 to T40, T63, T64, T76: the IPAM plugin as a delegate. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chainVersion, findPlugin } from "../chain.ts";
import type { Context } from "../context.ts";
import { expectError, shown } from "../expect.ts";
import { type FakeDelegate, failsWith, fakeDelegate, ipamResult, prints } from "../fake-delegate.ts";
import { sameJson } from "../json.ts";
import { expectReal, linkOf } from "../kernel.ts";
import { always, every, must, needs, type Scenario } from "../scenario.ts";

const trouble = { cniVersion: "1.0.0", code: 123, msg: "the pool is on fire", details: "call the brigade" };

export const delegateScenarios: readonly Scenario[] = [
  {
    id: "T38",
    title:
      "A delegate that is missing, no executable, a folder or a path is an error that names it; nothing is left",
    applies: needs("delegation"),
    run: async (context) => {
      const { host, subject } = context;
      const before = await context.warm();
      writeFileSync(join(host.dir, "plain"), "x");
      chmodSync(join(host.dir, "plain"), 0o644);
      mkdirSync(join(host.dir, "folder"));
      for (const type of ["absent-ipam", "plain", "folder", "./plain", "../x/host-local"]) {
        const key = await context.key({ config: { ipam: { type } } });
        const outcome = await context.call("ADD", key, { env: { CNI_PATH: `${host.dir}:/usr/lib/cni` } });
        must(outcome.exitCode !== 0, `ipam.type ${type} was accepted: ${shown(outcome)}`);
        expectError(subject, outcome, { codes: [2, 4, 5, 7, "own"], names: [type] });
        await context.unchanged(before, `after ADD with ipam.type ${type}`);
      }
    },
  },
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
  {
    id: "T39h",
    title: "After a delegate's ADD failed, its DEL is called once with the same configuration",
    applies: needs("delegation"),
    run: async (context) => {
      const fake = fakeDelegate(context.host.dir, "fake-ipam", { ADD: failsWith(trouble) });
      const key = await context.key({ config: { ipam: { type: fake.type } } });
      const outcome = await context.call("ADD", key, { env: { CNI_PATH: fake.folder } });
      must(outcome.exitCode !== 0, shown(outcome));
      const verbs = fake.calls().map((call) => call.verb);
      must(verbs.join(" ") === "ADD DEL", `the delegate was called with: ${verbs.join(" ")}`);
      must(
        fake.calls()[0]?.stdin === fake.calls()[1]?.stdin,
        "its DEL got another configuration than its ADD",
      );
    },
  },
  {
    id: "T39i",
    title: "While a delegate hangs SIGTERM ends ADD; DEL with the delegate repaired cleans up",
    applies: needs("delegation"),
    run: async (context) => {
      const { fake, env, config, before } = await warmFake(context);
      fake.answer({ ADD: "exec sleep 20" });
      const key = await context.key({ config });
      const outcome = await context.call("ADD", key, {
        env,
        kill: { signal: "SIGTERM", afterMs: 700 },
        timeoutMs: 6_000,
      });
      must(!outcome.timedOut && outcome.exitCode !== 0, `after SIGTERM: ${shown(outcome)}`);
      fake.answer({});
      await context.detach(key, { env });
      await context.unchanged(before, "after DEL");
    },
  },
  {
    id: "T39j",
    title:
      "A gateway of another family in the delegate's result is an error or is left out; ADD does not crash",
    applies: needs("delegation"),
    run: async (context) => {
      const { fake, env, config, before } = await warmFake(context);
      const ip = {
        ...(context.version < "1.0.0" ? { version: "4" } : {}),
        address: "10.71.0.5/24",
        gateway: "fd00::1",
      };
      fake.answer({ ADD: prints({ cniVersion: context.version, ips: [ip] }) });
      const key = await context.key({ config });
      const outcome = await context.call("ADD", key, { env });
      if (outcome.exitCode !== 0) {
        expectError(context.subject, outcome, { codes: [6, 7, "own"] });
        await context.unchanged(before, "after the ADD that failed");
      }
      await context.detach(key, { env });
      await context.unchanged(before, "after DEL");
    },
  },
  {
    id: "T39k",
    title: "The delegate gets the whole configuration and the same environment, for ADD, CHECK and DEL",
    applies: needs("delegation"),
    run: seesEverything,
  },
  ...["host-local", "static"].map(
    (type, at): Scenario => ({
      id: `T40${"ab"[at]}`,
      title: `Works with the reference ${type} as its IPAM`,
      applies: every(needs("delegation"), (subject) =>
        findPlugin(subject.cniPath, type) === undefined ? `${type} is not installed` : true,
      ),
      run: (context) => worksWith(context, type),
    }),
  ),
  {
    id: "T63",
    title:
      "When the delegate fails on DEL, the plugin's own part is gone and the error is kept; a later DEL succeeds",
    applies: needs("delegation"),
    run: async (context) => {
      const { fake, env, config, before } = await warmFake(context);
      const attachment = await context.add(await context.key({ config }), { env });
      fake.answer({ DEL: failsWith(trouble) });
      const outcome = await context.call("DEL", attachment, { env });
      expectError(context.subject, outcome, { codes: [123], names: [trouble.msg] });
      await gone(context, attachment);
      fake.answer({});
      await context.detach(attachment, { env });
      await context.unchanged(before, "after the second DEL");
    },
  },
  {
    id: "T64",
    title: "When the delegate is not there on DEL, the plugin's own part is gone and the error names it",
    applies: needs("delegation"),
    run: async (context) => {
      const { fake, env, config } = await warmFake(context);
      const attachment = await context.add(await context.key({ config }), { env });
      fake.remove();
      const outcome = await context.call("DEL", attachment, { env });
      expectError(context.subject, outcome, { codes: [2, 4, 5, 7, "own"], names: [fake.type] });
      await gone(context, attachment);
    },
  },
  {
    id: "T76",
    title: "An error of the delegate's CHECK is kept",
    applies: needs("delegation", "check"),
    run: async (context) => {
      const { fake, env, config } = await warmFake(context);
      const attachment = await context.add(await context.key({ config }), { env });
      await context.check(attachment, { env });
      fake.answer({ CHECK: failsWith(trouble) });
      const outcome = await context.call("CHECK", attachment, { env });
      expectError(context.subject, outcome, { codes: [123], names: [trouble.msg] });
    },
  },
  {
    id: "C95",
    title: "An attachment without `ipam` has no address and works from ADD to DEL",
    applies: every(always, needs("l2only")),
    run: async (context) => {
      const attachment = await context.attach({ config: { ipam: {} } });
      const link = await linkOf(context.host, attachment.ns, "eth0");
      must(link !== undefined, "there is no interface");
      await context.detach(attachment);
    },
  },
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

interface WarmFake {
  readonly fake: FakeDelegate;
  readonly env: { readonly CNI_PATH: string };
  readonly config: { readonly ipam: { readonly type: string } };
  readonly before: Awaited<ReturnType<Context["snapshot"]>>;
}

/** A fake delegate that works so far, and the host after one attachment with it came and went. */
export async function warmFake(context: Context): Promise<WarmFake> {
  const { host, version } = context;
  const fake = fakeDelegate(host.dir, "fake-ipam", { ADD: prints(ipamResult(version)) });
  const env = { CNI_PATH: fake.folder };
  const config = { ipam: { type: fake.type } };
  const first = await context.add(await context.key({ config }), { env });
  await expectReal(host, first);
  await context.detach(first, { env });
  await host.remove(first.ns);
  fake.forget();
  return { fake, env, config, before: await context.snapshot() };
}

async function gone(
  context: Context,
  of: { readonly ns: Parameters<typeof linkOf>[1]; readonly ifname: string },
) {
  must((await linkOf(context.host, of.ns, of.ifname)) === undefined, "the interface is still there");
}

async function seesEverything(context: Context): Promise<void> {
  const { fake, env, config } = await warmFake(context);
  const own = {
    ...config,
    args: { "example.org": { deep: [1, { two: null }] } },
    dns: { domain: "d.example" },
  };
  const key = await context.key({ config: own, args: "IgnoreUnknown=1;K8S_POD_NAME=p" });
  const attachment = await context.add(key, { env });
  if (context.subject.has.check) await context.check(attachment, { env });
  await context.detach(attachment, { env });
  const verbs = ["ADD", ...(context.subject.has.check ? ["CHECK"] : []), "DEL"];
  const calls = fake.calls();
  must(
    calls.map((call) => call.verb).join(" ") === verbs.join(" "),
    `called with: ${calls.map((call) => call.verb)}`,
  );
  const wanted: Readonly<Record<string, string>> = {
    CNI_CONTAINERID: key.id,
    CNI_NETNS: key.netns,
    CNI_IFNAME: key.ifname,
    CNI_ARGS: key.args,
    CNI_PATH: fake.folder,
  };
  for (const call of calls) {
    for (const [name, value] of Object.entries(wanted)) {
      must(
        call.env[name] === value,
        `${call.verb}: the delegate's ${name} is ${JSON.stringify(call.env[name])}`,
      );
    }
    const request: unknown = JSON.parse(call.stdin);
    const sent = {
      cniVersion: key.version,
      name: key.network,
      ...context.subject.config,
      ...own,
      ...(call.verb === "ADD" ? {} : { prevResult: attachment.result }),
    };
    must(
      sameJson(request, sent),
      `${call.verb}: the delegate got ${call.stdin}, not ${JSON.stringify(sent)}`,
    );
  }
}

async function worksWith(context: Context, type: string): Promise<void> {
  const folder = findPlugin(context.subject.cniPath, type)?.replace(/\/[^/]*$/, "") ?? "";
  const env = { CNI_PATH: folder };
  const routes = [{ dst: "0.0.0.0/0" }];
  const ipam =
    type === "static"
      ? { type, addresses: [{ address: "10.71.0.9/24", gateway: "10.71.0.1" }], routes }
      : { type, dataDir: join(context.data, "delegate"), subnet: "10.71.0.0/24", routes };
  const attachment = await context.add(
    await context.key({ config: { ipam }, version: chainVersion(context) }),
    { env },
  );
  await expectReal(context.host, attachment);
  if (context.subject.has.check) await context.check(attachment, { env });
  await context.detach(attachment, { env });
  await gone(context, attachment);
}
