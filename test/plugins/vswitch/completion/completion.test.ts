import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { runCli } from "../../../../plugins/vswitch/cli.ts";
import { commandWords } from "../../../../plugins/vswitch/completion/command-words.ts";
import { type Names, wordsAt } from "../../../../plugins/vswitch/completion/names.ts";
import {
  askingWord,
  completionScript,
  shellOf,
  shells,
} from "../../../../plugins/vswitch/completion/scripts.ts";

async function ask(...words: readonly string[]): Promise<readonly string[]> {
  const out: string[] = [];
  const print = (text: string) => out.push(text);
  await runCli([askingWord, "vswitch", ...words], { print, complain: print });
  return out.join("\n").split("\n").filter(Boolean);
}

const names: Names = {
  networks: ["nat", "other"],
  endpoints: [
    { network: "nat", containerId: "web", ifname: "eth0", port: "vp-0123456789ab" },
    { network: "nat", containerId: "twice", ifname: "eth0", port: "vp-1" },
    { network: "other", containerId: "twice", ifname: "eth1", port: "vm-tap" },
  ],
  runs: ["lab"],
};
const commands = commandWords((cli) =>
  cli
    .command({
      command: "show [target]",
      handler: () => {},
      builder: (y) =>
        y
          .positional("target", { type: "string" })
          .options({ json: { type: "boolean" }, network: { type: "string" } })
          .option("format", { choices: ["svg", "dot"] })
          .example("", ""),
    })
    .command({
      command: "check [endpoint..]",
      handler: () => {},
      builder: (y) => y.positional("endpoint", { array: true }),
    })
    .command({
      command: "import <from> <dir>",
      handler: () => {},
      builder: (y) => y.positional("from", { choices: ["host-local"] }).positional("dir", { type: "string" }),
    })
    .command({ command: "bare", handler: () => {} }),
);
const at = (line: string) => wordsAt(line.split(" "), commands, names);

describe("what may stand at the cursor", () => {
  test.each([
    ["", ["show", "check", "import", "bare"]],
    ["s", ["show"]],
    ["--v", ["--version"]],
    ["show ", ["web", "nat/twice/eth0", "other/twice/eth1", "nat", "other"]],
    ["show w", ["web"]],
    ["show nat/", ["nat/web/eth0", "nat/twice/eth0"]],
    ["show vp-0", ["vp-0123456789ab"]],
    ["show v", ["vm-tap"]],
    ["show --json w", ["web"]],
    ["show --network ", ["nat", "other"]],
    ["show --network nat w", ["web"]],
    ["show --format ", ["svg", "dot"]],
    ["show --f", ["--format"]],
    ["show --", ["--json", "--network", "--format", "--help", "--version"]],
    ["check web nat/w", ["nat/web/eth0"]],
    ["import ", ["host-local"]],
    ["import host-local ", []],
    ["show -- ", []],
    ["bare ", []],
    ["nonsense ", []],
  ])("in %j is %j", (line, expected) => {
    expect(at(line)).toEqual(expected);
  });
});

describe("the tool itself", () => {
  test("names its commands and their options to a shell that asks", async () => {
    expect(await ask("")).toEqual(expect.arrayContaining(["run", "show", "check", "gc", "completion"]));
    expect(await ask("support-bundle", "--with")).toEqual(["--with-addresses"]);
    expect(await ask("completion", "")).toEqual([...shells]);
  });

  test("says nothing where it cannot read its state", async () => {
    expect(await ask("show", "--data-dir", "/proc/nonexistent", "")).toEqual([]);
  });

  test("knows of every command that its help lists", async () => {
    const out: string[] = [];
    await runCli(["--help"], { print: (text) => out.push(text), complain: () => {} });
    const listed = [...out.join("\n").matchAll(/^ {2}vswitch ([\w-]+)/gm)].map(([, name]) => name);
    expect(await ask("")).toEqual(listed);
  });
});

describe("a completion script", () => {
  test.each(shells)("for %s asks in the one way", (shell) => {
    expect(completionScript(shell)).toContain(askingWord);
  });

  test.skipIf(Bun.which("bash") === null)("for bash is bash", () => {
    const { status, stderr } = spawnSync("bash", ["-n"], {
      input: completionScript("bash"),
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  test.skipIf(Bun.which("zsh") === null)("for zsh is zsh", () => {
    expect(spawnSync("zsh", ["-n"], { input: completionScript("zsh") }).status).toBe(0);
  });

  test("is the one for the user's shell unless told otherwise", () => {
    expect(["/usr/bin/zsh", "/bin/bash", "/bin/sh", undefined].map(shellOf)).toEqual([
      "zsh",
      "bash",
      "bash",
      "bash",
    ]);
  });
});
