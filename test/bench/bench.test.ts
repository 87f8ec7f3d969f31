import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { whyNoNat } from "../system/nat-lab.ts";
import { parseOptions } from "./options.ts";

const missing = ["/usr/lib/cni/bridge", "/usr/lib/cni/portmap", "/usr/bin/perl"].find(
  (file) => !existsSync(file),
);
const reason = whyNoNat() ?? (missing === undefined ? undefined : `${missing} is not there`);

describe("the command line of the bench", () => {
  it("takes names of rows, in one list or in several", () => {
    const options = parseOptions(["--only", "a,b", "--only", "c"], ["a", "b", "c"]);
    expect(options).toMatchObject({ only: ["a", "b", "c"], rounds: 20, quick: false });
  });

  it.each([
    ["a row that is not there", ["--only", "z"], "there is no row z"],
    ["no rounds", ["--rounds", "0"], "--rounds 0"],
    ["an unknown option", ["--fast"], "--fast"],
  ])("refuses %s", (_, words, said) => {
    expect(parseOptions(words, ["a"])).toContain(said);
  });
});

describe("a run of the bench", () => {
  it("prints the rows asked for and writes every sample as JSON", { timeout: 60_000 }, ({ skip }) => {
    skip(reason !== undefined, reason);
    const dir = mkdtempSync(join(tmpdir(), "vswitch-bench-"));
    try {
      const json = join(dir, "bench.json");
      const words = ["--only", "memory,add-port", "--rounds", "2", "--json", json];
      const done = spawnSync(process.execPath, [join(import.meta.dirname, "main.ts"), ...words], {
        encoding: "utf8",
      });
      expect(done.status, done.stderr).toBe(0);
      expect(done.stdout).toMatch(/^ADD with 1 published port, ms +<= 0\.2 .* 2\/2 /m);
      expect(done.stdout).toMatch(/^peak memory of one ADD process, MiB +<= 48 MiB /m);
      const report = JSON.parse(readFileSync(json, "utf8"));
      expect(report.rows.map((row: { name: string }) => row.name)).toEqual(["add-port", "memory"]);
      for (const { samples, ours } of report.rows) {
        expect(samples.ours).toHaveLength(2);
        expect(samples.reference).toHaveLength(2);
        expect(ours.median).toBeGreaterThan(1);
      }
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
