/** T10, T13 to T17, T23: the configuration on standard input. */

import type { Context } from "../context.ts";
import { expectError, expectResult, expectSilent, flat, shown } from "../expect.ts";
import { isObject } from "../json.ts";
import { expectReal } from "../kernel.ts";
import { always, every, must, needs, type Scenario } from "../scenario.ts";

export const configScenarios: readonly Scenario[] = [
  {
    id: "T10",
    title: "Standard input that is no JSON object is error 6, and nothing changes",
    applies: always,
    run: async (context) => {
      const before = await context.snapshot();
      const key = await context.key();
      const whole = JSON.stringify({ cniVersion: key.version, name: key.network, ...context.subject.config });
      const cases: readonly (string | Uint8Array)[] = [
        "",
        "[]",
        "null",
        '"x"',
        whole.slice(0, -1),
        `${whole}${whole}`,
      ];
      for (const stdin of cases) {
        const outcome = await context.call("ADD", key, { stdin });
        must(outcome.exitCode !== 0, `${JSON.stringify(stdin).slice(0, 60)} was accepted: ${shown(outcome)}`);
        expectError(context.subject, outcome, { codes: [5, 6] });
      }
      await context.unchanged(before, "after ADDs that were refused");
    },
  },
  {
    id: "T10b",
    title: "Bytes that are no UTF-8 are error 6",
    applies: always,
    run: async (context) => {
      const key = await context.key();
      const whole = JSON.stringify({ cniVersion: key.version, name: key.network, ...context.subject.config });
      const head = new TextEncoder().encode(`{"x":"`);
      const tail = new TextEncoder().encode(`",${whole.slice(1)}`);
      const stdin = new Uint8Array([...head, 0xff, 0xfe, ...tail]);
      expectError(context.subject, await context.call("ADD", key, { stdin }), { codes: [5, 6] });
    },
  },
  {
    id: "T13a",
    title: "A network name that is missing or against the rules is error 7",
    applies: always,
    run: async (context) => {
      const before = await context.snapshot();
      for (const name of [undefined, "", "-n", "a/b", "../x"]) {
        const outcome = await context.call("ADD", await context.key(), { config: { name } });
        must(outcome.exitCode !== 0, `name ${JSON.stringify(name)} was accepted: ${shown(outcome)}`);
        expectError(context.subject, outcome, { codes: [7] });
      }
      await context.unchanged(before, "after ADDs that were refused");
    },
  },
  {
    id: "T13b",
    title: "A network name of 255 characters works",
    applies: always,
    run: async (context) => {
      const attachment = await context.attach({ network: "n".repeat(255) });
      await expectReal(context.host, attachment);
      await context.detach(attachment);
    },
  },
  {
    id: "T14a",
    title: "A version that does not exist is error 1",
    applies: always,
    run: async (context) => {
      for (const cniVersion of ["9.9.9", "1.0", "v1.0.0", "1.2.0", "1.0.0-rc1"]) {
        const outcome = await context.call("ADD", await context.key(), { config: { cniVersion } });
        must(outcome.exitCode !== 0, `cniVersion ${cniVersion} was accepted: ${shown(outcome)}`);
        expectError(context.subject, outcome, { codes: [1] });
      }
    },
  },
  {
    id: "T14b",
    title: "A version that is a number is error 6 or 7",
    applies: always,
    run: async (context) => {
      const outcome = await context.call("ADD", await context.key(), { config: { cniVersion: 1 } });
      expectError(context.subject, outcome, { codes: [6, 7] });
    },
  },
  {
    id: "T14c",
    title: "No version, or an empty one, means 0.1.0",
    applies: (subject) => (subject.versions.includes("0.1.0") ? true : "does not speak 0.1.0"),
    run: async (context) => {
      for (const cniVersion of [undefined, ""]) {
        const key = { ...(await context.key()), version: "" };
        const outcome = await context.call("ADD", key, { config: { cniVersion } });
        const result = expectResult(outcome, key);
        await context.detach({ ...key, result }, { config: { cniVersion } });
      }
    },
  },
  {
    id: "T15a",
    title: "CHECK in version 0.3.1 is error 1",
    applies: needs("check"),
    run: async (context) => {
      const attachment = await context.attach({ version: "0.3.1" });
      const outcome = await context.call("CHECK", attachment, { prevResult: attachment.result });
      expectError(context.subject, outcome, { codes: [1] });
    },
  },
  {
    id: "T15b",
    title: "GC and STATUS in version 1.0.0 are error 1",
    applies: needs("gc", "status"),
    run: async (context) => {
      const key = await context.key({ version: "1.0.0" });
      for (const verb of ["GC", "STATUS"]) {
        expectError(context.subject, await context.call(verb, key), { codes: [1] });
      }
    },
  },
  {
    id: "T16a",
    title: "Keys of other makers are no error",
    applies: always,
    run: async (context) => {
      const config = {
        "cni.dev/x": { a: 1 },
        "example.org/y": null,
        capabilities: { ...(context.subject.config.capabilities as object), "io.example.pods": true },
        args: { "example.org": { a: 1 }, labels: [{ key: "a", value: "b" }] },
        disableCheck: true,
        disableGC: false,
      };
      const attachment = await context.attach({ config });
      await context.detach(attachment);
    },
  },
  {
    id: "T16b",
    title: "A misspelt key is ignored, or is error 2 that names it",
    applies: always,
    run: async (context) => {
      const key = await context.key({ config: { isGatway: "yes" } });
      const outcome = await context.call("ADD", key);
      if (outcome.exitCode !== 0) {
        expectError(context.subject, outcome, { codes: [2], names: ["isGatway"] });
        return;
      }
      expectResult(outcome, key);
      expectSilent("DEL", await context.call("DEL", key));
    },
  },
  {
    id: "T17",
    title: "A value of the wrong type is error 6 or 7 that names the key, and nothing changes",
    applies: always,
    run: wrongTypes,
  },
  {
    id: "T23",
    title: "Each error has cniVersion of the request, an integer code and a message",
    applies: always,
    run: async (context) => {
      const key = await context.key();
      const outcomes = [
        await context.call("ADD", key, { config: { name: "a/b" } }),
        await context.call("ADD", { ...key, netns: "/run/netns/vst-absent" }),
        await context.call("ADD", { ...key, ifname: "a/b" }),
      ];
      for (const outcome of outcomes) {
        const error = expectError(context.subject, outcome, { codes: [4, 7, 8, "own"] });
        must(
          error.cniVersion === key.version,
          `cniVersion is ${String(error.cniVersion)}: ${flat(outcome.stdout)}`,
        );
      }
    },
  },
  {
    id: "T34c",
    title: "A number for `mtu` beyond all bounds (1e400, -1, 1.5) is error 6 or 7",
    applies: every(needs("mtu")),
    run: async (context) => {
      const before = await context.warm();
      for (const number of ["1e400", "-1", "1.5"]) {
        const key = await context.key();
        const request = JSON.stringify({
          cniVersion: key.version,
          name: "net1",
          ...context.subject.config,
          mtu: "M",
        });
        const outcome = await context.call("ADD", key, { stdin: request.replace('"M"', number) });
        must(outcome.exitCode !== 0, `mtu ${number} was accepted: ${shown(outcome)}`);
        expectError(context.subject, outcome, { codes: [6, 7, "own"] });
      }
      await context.unchanged(before, "after ADDs that were refused");
    },
  },
];

/** For each known key: a value no reading of the configuration can mean. */
async function wrongTypes(context: Context): Promise<void> {
  const before = await context.warm();
  const known = { ipam: {}, dns: {}, prevResult: {}, runtimeConfig: {}, ...context.subject.config };
  const troubles: string[] = [];
  for (const [name, value] of Object.entries(known)) {
    if (["name", "cniVersion", "type", "args", "capabilities"].includes(name)) continue;
    const wrong = wrongFor(value);
    const outcome = await context.call("ADD", await context.key(), { config: { [name]: wrong } });
    try {
      expectError(context.subject, outcome, { codes: [6, 7], names: [name] });
    } catch (error) {
      troubles.push(
        `${name}=${JSON.stringify(wrong)}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  must(troubles.length === 0, troubles.join("\n"));
  await context.unchanged(before, "after ADDs that were refused");
}

function wrongFor(value: unknown): unknown {
  if (Array.isArray(value)) return "list";
  if (isObject(value)) return "object";
  return typeof value === "string" ? 42 : "perhaps";
}
