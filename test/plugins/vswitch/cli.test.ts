import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCli } from "../../../plugins/vswitch/cli.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "vswitch-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function vswitch(...args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCli(args, { print: (text) => out.push(text), complain: (text) => err.push(text) });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

describe("vswitch", () => {
  test("tells in its help what there is, and in that of each command how to call it", async () => {
    expect(await vswitch("--help")).toMatchObject({
      code: 0,
      out: expect.stringContaining("vswitch install"),
    });
    const { out } = await vswitch("import", "--help");
    expect(out).toContain("Examples:");
  });

  test.each([
    [[], "Which command?"],
    [["instal"], "instal"],
    [["import", "host-local", "/tmp"], "network"],
    [["capture", "web", "--count", "0", "--json"], "--count 0"],
    [["capture", "web", "--count", "1.5", "--json"], "--count 1.5"],
    [["capture", "web", "--snaplen", "-1", "--json"], "--snaplen -1"],
    [["capture", "web", "--snaplen", "1e9", "--json"], "1 to 262144"],
    [["stats", "--count", "0"], "--count 0"],
    [["trace", "--from", "web"], "--to"],
    [["trace", "--from", "web", "--to", "db", "--tag", "4a3f"], "--live"],
    [["trace", "--await", "4a3f", "--tag", "4a3f"], "mutually exclusive"],
    [["trace", "--await", "4a3"], "four hexadecimal digits"],
    [["trace", "--await", "4a3f", "--wait", "0"], "--wait"],
    [["import", "whereabouts", "/tmp", "--network", "n"], "whereabouts"],
  ])("answers a call whose words are off, %j, with exit code 2 and the way to help", async (args, word) => {
    const { code, out, err } = await vswitch(...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(word);
    expect(err).toContain("vswitch --help");
  });

  test("takes over the leases of host-local, and says what it passed over", async () => {
    const leases = join(dir, "leases");
    mkdirSync(leases);
    writeFileSync(join(leases, "10.1.0.5"), "container-1\r\neth0");
    writeFileSync(join(leases, "last_reserved_ip.0"), "10.1.0.5");
    writeFileSync(join(leases, "notes.txt"), "?");
    const args = [
      "import",
      "host-local",
      leases,
      "--network",
      "n",
      "--data-dir",
      join(dir, "data"),
      "--json",
    ];
    const { code, out } = await vswitch(...args);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      imported: 1,
      known: 0,
      skipped: [expect.stringContaining("notes.txt")],
    });
    expect(JSON.parse((await vswitch(...args)).out)).toMatchObject({ imported: 0, known: 1 });
  });

  test("fails with exit code 1 and a remedy where there is nothing to import", async () => {
    const { code, err } = await vswitch(
      "import",
      "host-local",
      join(dir, "none"),
      "--network",
      "n",
      "--data-dir",
      dir,
    );
    expect(code).toBe(1);
    expect(err).toContain("/var/lib/cni/networks/NETWORK");
  });
});
