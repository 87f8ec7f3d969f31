/** T38 to T40, T63, T64, T76: the IPAM plugin as a delegate. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chainVersion, findPlugin } from "../chain.ts";
import type { Context } from "../context.ts";
import { expectError, shown } from "../expect.ts";
import { failsWith, fakeDelegate, prints } from "../fake-delegate.ts";
import { sameJson } from "../json.ts";
import { expectReal, linkOf } from "../kernel.ts";
import { always, every, must, needs, type Scenario } from "../scenario.ts";
import { trouble, warmFake } from "./warm-fake.ts";

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
