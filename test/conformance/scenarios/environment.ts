/** T5 to T9, T50, T51: the CNI variables. */
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CallChange, Context } from "../context.ts";
import { expectError, shown } from "../expect.ts";
import { expectReal, linkOf } from "../kernel.ts";
import { ownInterface } from "../result-view.ts";
import { always, must, needs, type Scenario } from "../scenario.ts";

const required = {
  ADD: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
  CHECK: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
  DEL: ["CNI_CONTAINERID", "CNI_IFNAME"],
} as const;

type PathForm = (context: Context, path: string) => CallChange & { readonly netns: string };

const pathForms: Readonly<Record<string, PathForm>> = {
  "a symbolic link": (context, path) => ({ netns: linkTo(context, path, "link") }),
  "a path with a space and a line feed": (context, path) => ({ netns: linkTo(context, path, "a b\nc;$(d)") }),
  "an open descriptor below /proc/self/fd": (_context, path) => ({
    netns: "/proc/self/fd/9",
    wrap: ["sh", "-c", `exec 9<${path}; exec "$@"`, "sh"],
  }),
};

export const environmentScenarios: readonly Scenario[] = [
  ...(["ADD", "CHECK", "DEL"] as const).map(
    (verb, at): Scenario => ({
      id: `T5${"abc"[at]}`,
      title: `${verb} without a variable it needs is error 4 that names each missing one once, and no other`,
      applies: verb === "CHECK" ? needs("check") : always,
      run: (context) => missing(context, verb, undefined),
    }),
  ),
  {
    id: "T6",
    title: "A variable that is empty is missing",
    applies: always,
    run: async (context) => {
      for (const verb of ["ADD", "DEL"] as const) await missing(context, verb, "");
    },
  },
  {
    id: "T7a",
    title: "A container id against the rules is error 4 that names CNI_CONTAINERID",
    applies: always,
    run: async (context) => {
      const before = await context.snapshot();
      for (const id of ["-a", "a/b", "ä", "a b"]) await refused(context, { CNI_CONTAINERID: id });
      await context.unchanged(before, "after ADDs that were refused");
    },
  },
  {
    id: "T7b",
    title: "A container id of 300 characters works from ADD to DEL",
    applies: always,
    run: async (context) => {
      const before = await context.warm();
      const attachment = await context.attach({ id: `x${"0123456789".repeat(30)}`.slice(0, 300) });
      await expectReal(context.host, attachment);
      if (context.subject.has.check) await context.check(attachment);
      await context.detach(attachment);
      await context.unchanged(before, "after DEL");
    },
  },
  {
    id: "T8a",
    title: "An interface name against the rules is error 4 that names CNI_IFNAME",
    applies: always,
    run: async (context) => {
      const before = await context.snapshot();
      const names = ["sixteen-letters0", ".", "..", "a/b", "a:b", "a b", "a\tb", "a\u00a0b", "é".repeat(15)];
      for (const ifname of names) await refused(context, { CNI_IFNAME: ifname });
      await context.unchanged(before, "after ADDs that were refused");
    },
  },
  {
    id: "T8b",
    title: "An interface name of 15 bytes works, letters beyond ASCII included",
    applies: always,
    run: async (context) => {
      for (const ifname of ["fifteen-letters", "ééééééée"]) {
        const attachment = await context.attach({ ifname });
        await expectReal(context.host, attachment);
        await context.detach(attachment);
      }
    },
  },
  ...(["ADD", "CHECK"] as const).map(
    (verb, at): Scenario => ({
      id: `T9${"ab"[at]}`,
      title: `${verb} with a CNI_NETNS that is absent, a file, a folder or of a dead process is an error, nothing changes`,
      applies: verb === "CHECK" ? needs("check") : always,
      run: (context) => badNetns(context, verb),
    }),
  ),
  {
    id: "T9c",
    title: "A CNI_NETNS that is the host's own is refused before anything changes",
    applies: always,
    run: async (context) => {
      await context.warm();
      const before = await context.snapshot();
      const outcome = await context.call(
        "ADD",
        await context.key({ netns: context.host.ns.path, ifname: "own0" }),
      );
      must(outcome.exitCode !== 0, `accepted: ${shown(outcome)}`);
      await context.unchanged(before, "after the ADD that was refused");
      expectError(context.subject, outcome, { codes: [4, 8, "own"] });
    },
  },
  ...Object.entries(pathForms).map(
    ([what, form], at): Scenario => ({
      id: `T50${"abcd"[at]}`,
      title: `CNI_NETNS may be ${what}; the sandbox in the result is the same text`,
      applies: always,
      run: async (context) => {
        const before = await context.warm();
        const ns = await context.host.compartment();
        const { netns, ...change } = form(context, ns.path);
        const attachment = await context.add(await context.key({ ns, netns }), change);
        await expectReal(context.host, attachment);
        if (context.version >= "0.3.0") {
          must(
            ownInterface(attachment) !== undefined,
            `no interface has the sandbox ${JSON.stringify(netns)}`,
          );
        }
        if (context.subject.has.check) await context.check(attachment, change);
        await context.detach(attachment, change);
        must((await linkOf(context.host, ns, "eth0")) === undefined, "DEL left the interface");
        await context.unchanged(before, "after DEL");
      },
    }),
  ),
];

function linkTo(context: Context, path: string, name: string): string {
  const link = join(context.host.dir, name);
  symlinkSync(path, link);
  return link;
}

async function missing(context: Context, verb: keyof typeof required, value: "" | undefined): Promise<void> {
  const names = required[verb];
  const key = await context.key();
  for (const absent of [...names.map((name) => [name]), names]) {
    const env = Object.fromEntries(absent.map((name) => [name, value]));
    const prevResult = verb === "CHECK" ? { cniVersion: key.version, interfaces: [] } : null;
    const outcome = await context.call(verb, key, { env, prevResult });
    const error = expectError(context.subject, outcome, { codes: [4], names: absent });
    for (const name of names) {
      const times = String(error.msg).split(name).length - 1;
      const right = absent.some((one) => one === name) ? times <= 1 : times === 0;
      must(right, `${verb} without ${absent.join(", ")} names ${name} ${times} times: ${String(error.msg)}`);
    }
  }
}

async function refused(context: Context, env: Readonly<Record<string, string>>): Promise<void> {
  const outcome = await context.call("ADD", await context.key(), { env });
  expectError(context.subject, outcome, { codes: [4], names: Object.keys(env) });
}

async function badNetns(context: Context, verb: "ADD" | "CHECK"): Promise<void> {
  await context.warm();
  const attachment = verb === "CHECK" ? await context.attach() : await context.key();
  const before = await context.snapshot();
  const file = join(context.host.dir, "file");
  writeFileSync(file, "");
  for (const netns of ["/run/netns/vst-absent", file, context.host.dir, "/proc/4194304/ns/net"]) {
    const outcome = await context.call(verb, { ...attachment, netns });
    expectError(context.subject, outcome, { codes: [4, 8, "own"] });
    await context.unchanged(before, `after ${verb} with ${netns}`);
  }
}
