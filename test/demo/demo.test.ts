import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

const main = join(import.meta.dirname, "main.ts");

function demo(args: readonly string[] = [], under: readonly string[] = []) {
  const [program = "", ...words] = [...under, process.execPath, main, ...args];
  return spawnSync(program, words, { encoding: "utf8", timeout: 60_000 });
}

function whyNoNamespaces(): string | undefined {
  const tried = spawnSync("unshare", ["--user", "--map-root-user", "--net", "--mount", "true"]);
  return tried.status === 0 ? undefined : "no user namespaces";
}

const why = whyNoNamespaces();

describe.skipIf(why !== undefined)(`the demo${why === undefined ? "" : ` (${why})`}`, () => {
  it("tells of three containers, and every claim of it holds", () => {
    const { stdout, stderr, status } = demo();
    expect(stdout).not.toContain("FAIL");
    expect(stdout).toMatch(/\nAll \d+ checks passed in /);
    for (const claim of ["ADD web", "hairpin", "CHECK web", "GC", "leases, ports", "programs within reach"])
      expect(stdout).toMatch(new RegExp(`^  ok  .*${claim}`, "m"));
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  });

  it("works for an ordinary user who may make user namespaces", () => {
    const { stdout, status } = demo([], ["unshare", "--user", "--map-user=1000", "--map-group=1000"]);
    expect(stdout).toMatch(/\nAll \d+ checks passed in /);
    expect(status).toBe(0);
  });

  it("fails, and says with what, when the executables do nothing", () => {
    const bin = mkdtempSync(join(tmpdir(), "vst-demo-"));
    onTestFinished(() => rmSync(bin, { recursive: true }));
    copyFileSync("/usr/bin/true", join(bin, "nat"));
    const { stdout, status } = demo([bin]);
    expect(stdout).toMatch(/^FAIL {2}ADD web.*\n *expected +success\n *seen +.*no result/m);
    expect(stdout).toContain("The demo cannot go on: web is not attached");
    expect(status).toBe(1);
  });

  it("says in one line what is missing where no namespaces can be made", () => {
    const { stdout, stderr, status } = demo([], ["env", "PATH=/nonexistent"]);
    expect(stderr).toMatch(/^demo: no namespaces can be had here: unshare .*\n$/);
    expect({ stdout, status }).toEqual({ stdout: "", status: 1 });
  });
});
