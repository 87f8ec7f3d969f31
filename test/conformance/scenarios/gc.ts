/** T31, T78 to T85: GC. */
import type { Attachment, Context } from "../context.ts";
import { expectError, expectSilent, shown } from "../expect.ts";
import { failsWith } from "../fake-delegate.ts";
import { expectReal, linkOf } from "../kernel.ts";
import { pools, secondNetwork, subnets } from "../pools.ts";
import { ipOf } from "../result-view.ts";
import { must, needs, type Scenario } from "../scenario.ts";
import { warmFake } from "./warm-fake.ts";

const listKey = "cni.dev/valid-attachments";
const oldKey = "cni.dev/attachments";

export const gcScenarios: readonly Scenario[] = [
  {
    id: "T78",
    title: "GC with 3 of 10 attachments valid cleans 7 and leaves 3 as they are",
    applies: needs("gc"),
    run: async (context) => {
      await context.warm();
      const kept = await attachMany(context, 3);
      const before = await context.snapshot();
      const stale = await attachMany(context, 7);
      await context.host.remove(...stale.map((attachment) => attachment.ns));
      await collect(context, { [listKey]: kept.map(reference) });
      await context.unchanged(before, "after GC");
      for (const attachment of kept) {
        await expectReal(context.host, attachment);
        await context.check(attachment);
      }
    },
  },
  {
    id: "T78b",
    title: "GC frees the addresses of what is not valid",
    applies: needs("gc", "pools"),
    run: async (context) => {
      const config = pools(context.subject.config, subnets.one);
      const stale = await context.attach({ config });
      await context.host.remove(stale.ns);
      await collect(context, { [listKey]: [], ...config });
      await context.attach({ config });
    },
  },
  ...[
    { what: "an empty list", keys: { [listKey]: [] } },
    { what: "null for the list", keys: { [listKey]: null } },
    { what: "the list under its older key cni.dev/attachments", keys: { [oldKey]: [] } },
  ].map(
    ({ what, keys }, at): Scenario => ({
      id: `T79${"abc"[at]}`,
      title: `GC with ${what} takes all attachments of the network`,
      applies: needs("gc"),
      run: async (context) => {
        const fresh = await context.snapshot();
        const before = await context.warm();
        const stale = await attachMany(context, 2);
        await context.host.remove(...stale.map((attachment) => attachment.ns));
        await collect(context, keys);
        await context.unchanged(before, "after GC", fresh);
      },
    }),
  ),
  {
    id: "T79d",
    title: "Where the two keys of the list disagree, cni.dev/valid-attachments counts",
    applies: needs("gc"),
    run: async (context) => {
      const attachment = await context.attach();
      await collect(context, { [listKey]: [reference(attachment)], [oldKey]: [] });
      await context.check(attachment);
    },
  },
  {
    id: "T79e",
    title: "GC without any list succeeds or is error 7",
    applies: needs("gc"),
    run: async (context) => {
      const outcome = await context.call("GC", await context.key(), { env: noContainer });
      if (outcome.exitCode === 0) expectSilent("GC", outcome);
      else expectError(context.subject, outcome, { codes: [7] });
    },
  },
  {
    id: "T80",
    title: "Unknown, repeated and malformed entries of the list are no reason to take a valid attachment",
    applies: needs("gc"),
    run: async (context) => {
      const attachment = await context.attach();
      const own = reference(attachment);
      const list = [own, own, { containerID: "never-seen", ifname: "eth0" }];
      await collect(context, { [listKey]: list });
      await context.check(attachment);
      const malformed = { [listKey]: [own, { containerID: 5 }, "x"] };
      const outcome = await context.call("GC", await context.key(), { config: malformed, env: noContainer });
      if (outcome.exitCode !== 0) expectError(context.subject, outcome, { codes: [6, 7] });
      await context.check(attachment);
    },
  },
  {
    id: "T81",
    title: "When the delegate fails on GC the rest is cleaned, and an error tells of it",
    applies: needs("gc", "delegation"),
    run: async (context) => {
      const fresh = await context.snapshot();
      const { fake, env, config, before } = await warmFake(context);
      const stale = await context.add(await context.key({ config }), { env });
      await context.host.remove(stale.ns);
      fake.answer({ GC: failsWith({ code: 123, msg: "the pool is on fire" }) });
      const outcome = await context.call("GC", await context.key(), {
        config: { ...config, [listKey]: [] },
        env: { ...noContainer, ...env },
      });
      await context.unchanged(before, "after GC", fresh);
      const told = `${outcome.stdout}${outcome.stderr}`.includes("on fire");
      must(told, `nobody hears of the delegate's failure: ${shown(outcome)}`);
    },
  },
  {
    id: "T82",
    title: "GC is handed to the delegate once, with the same configuration",
    applies: needs("gc", "delegation"),
    run: async (context) => {
      const { fake, env, config } = await warmFake(context);
      const request = { ...config, [listKey]: [{ containerID: "a", ifname: "eth0" }] };
      const key = await context.key();
      expectSilent("GC", await context.call("GC", key, { config: request, env: { ...noContainer, ...env } }));
      const calls = fake.calls();
      must(calls.length === 1 && calls[0]?.verb === "GC", `called with: ${calls.map((call) => call.verb)}`);
      const seen = JSON.parse(calls[0].stdin);
      const sent = { cniVersion: key.version, name: key.network, ...context.subject.config, ...request };
      must(Bun.deepEquals(seen, sent), `the delegate got ${calls[0].stdin}`);
    },
  },
  {
    id: "T83",
    title: "GC of one network leaves another as it is, even under the same container id",
    applies: needs("gc", "pools"),
    run: async (context) => {
      const second = { network: "net2", config: secondNetwork(context.subject.config) };
      await context.warm(second);
      const other = await context.attach(second);
      const fresh = await context.snapshot();
      const before = await context.warm();
      const stale = await context.attach({ id: other.id });
      await context.host.remove(stale.ns);
      await collect(context, { [listKey]: [] });
      await context.unchanged(before, "after GC", fresh);
      await context.check(other);
    },
  },
  {
    id: "T84",
    title: "GC twice succeeds, and DEL of what GC took succeeds",
    applies: needs("gc"),
    run: async (context) => {
      const fresh = await context.snapshot();
      const before = await context.warm();
      const stale = await context.attach();
      await context.host.remove(stale.ns);
      for (let time = 0; time < 2; time++) await collect(context, { [listKey]: [] });
      await context.detach(stale);
      await context.unchanged(before, "after GC and DEL", fresh);
    },
  },
  {
    id: "T85",
    title: "An attachment made after the GC process was started survives it, though no list can name it",
    applies: needs("gc"),
    run: async (context) => {
      await context.warm();
      for (let round = 0; round < 5; round++) {
        const key = await context.key();
        const adding = Promise.withResolvers<void>();
        const change = { config: { [listKey]: [] }, env: noContainer, stdinAfter: adding.promise };
        const collecting = context.call("GC", key, change);
        const added = await context.add(key);
        adding.resolve();
        expectSilent("GC", await collecting);
        const link = await linkOf(context.host, key.ns, "eth0");
        must(link !== undefined, `GC took ${ipOf(added)}, which was made while it ran`);
        await context.check(added);
        await context.detach(added);
      }
    },
  },
];

/** GC and STATUS have no container. */
export const noContainer = { CNI_CONTAINERID: "", CNI_NETNS: "", CNI_IFNAME: "", CNI_ARGS: "" };

async function attachMany(context: Context, count: number): Promise<readonly Attachment[]> {
  const made: Attachment[] = [];
  for (let at = 0; at < count; at++) made.push(await context.attach());
  return made;
}

function reference(attachment: Attachment) {
  return { containerID: attachment.id, ifname: attachment.ifname };
}

async function collect(context: Context, config: Readonly<Record<string, unknown>>): Promise<void> {
  expectSilent("GC", await context.call("GC", await context.key(), { config, env: noContainer }));
}
