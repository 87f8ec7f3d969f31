import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCli } from "../../../../plugins/vswitch/cli.ts";
import { example } from "./examples.ts";

let dir = "";
let scene = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "vswitch-"));
  scene = join(dir, "scene.json");
  writeFileSync(scene, JSON.stringify(example("three networks")));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function graph(...args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { print: (text: string) => out.push(text), complain: (text: string) => err.push(text) };
  const code = await runCli(["graph", ...args], terminal);
  return { code, out: out.join("\n"), err: err.join("\n") };
}

describe("vswitch graph", () => {
  test("prints a picture, or writes it to a file and says nothing", async () => {
    const printed = await graph("--scene", scene);
    expect(printed).toMatchObject({ code: 0, out: expect.stringMatching(/^<svg .*<\/svg>$/s) });
    const file = join(dir, "host.svg");
    expect(await graph("--scene", scene, "-o", file)).toEqual({ code: 0, out: "", err: "" });
    expect(readFileSync(file, "utf8").trimEnd()).toBe(printed.out);
  });

  test.each([
    [["--format", "mermaid"], /^flowchart TB\n/],
    [["--format", "dot"], /^digraph vswitch {\n/],
    [["--format", "json"], /^{"nodes":\[/],
    [["--json"], /^{"nodes":\[/],
    [["--title"], />[^<]+, 20\d\d-\d\d-\d\dT[0-9:]+Z<\/text>/],
  ])("understands %j", async (args, text) => {
    expect(await graph("--scene", scene, ...args)).toMatchObject({
      code: 0,
      out: expect.stringMatching(text),
    });
  });

  test("draws only the networks that are named, and tells those that are there when one is not", async () => {
    const { out } = await graph("--scene", scene, "--json", "storage", "backend");
    const { nodes } = JSON.parse(out);
    const switches = nodes.filter((node: { kind: string }) => node.kind === "switch");
    expect(switches.map((node: { name: string }) => node.name)).toEqual(["backend", "storage"]);
    expect(await graph("--scene", scene, "nut")).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("no network is called nut; there are nat, backend, storage"),
    });
  });

  test("says what is wrong with a file", async () => {
    writeFileSync(join(dir, "other.json"), '{"networks": 1}');
    expect(await graph("--scene", join(dir, "other.json"))).toMatchObject({
      code: 1,
      err: expect.stringMatching(/other\.json is no scene\n.*support-bundle/),
    });
    expect(await graph("--scene", join(dir, "none"))).toMatchObject({
      code: 1,
      err: expect.stringContaining("ENOENT"),
    });
    expect(await graph("--scene", scene, "-o", join(dir, "no/such"))).toMatchObject({
      code: 1,
      err: expect.stringContaining("no/such"),
    });
  });
});
