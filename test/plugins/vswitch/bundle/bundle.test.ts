import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ToolBackend } from "../../../../lib/seam/tool-backend.ts";
import type { Store } from "../../../../lib/state/store.ts";
import { configurationsIn } from "../../../../plugins/vswitch/bundle/configurations.ts";
import { entryName } from "../../../../plugins/vswitch/bundle/entry-name.ts";
import { bundleFiles } from "../../../../plugins/vswitch/bundle/files.ts";
import { redactConf } from "../../../../plugins/vswitch/bundle/redact.ts";
import { tarArchive } from "../../../../plugins/vswitch/bundle/tar.ts";
import type { Host } from "../../../../plugins/vswitch/host.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("an archive", () => {
  test("is unpacked by tar as it was packed", () => {
    const folder = mkdtempSync(join(tmpdir(), "tar-"));
    try {
      const files: Readonly<Record<string, string>> = {
        "d/empty": "",
        "d/one-block": "x".repeat(512),
        "d/more": `${"y".repeat(600)}\n`,
        [`d/${"n".repeat(98)}`]: "long name",
      };
      const entries = Object.entries(files).map(([name, text]) => ({ name, bytes: bytes(text) }));
      writeFileSync(join(folder, "a.tar"), tarArchive(entries, 1_700_000_000));
      const listed = spawnSync("tar", ["--utc", "-tvf", "a.tar"], { cwd: folder, encoding: "utf8" });
      expect(listed.stderr).toBe("");
      expect(listed.stdout.split("\n")[1]).toMatch(/^-rw------- 0\/0 +512 2023-11-14 22:13 d\/one-block$/);
      expect(spawnSync("tar", ["-xf", "a.tar"], { cwd: folder }).status).toBe(0);
      for (const [name, text] of Object.entries(files))
        expect(readFileSync(join(folder, name), "utf8")).toBe(text);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("takes configurations whose names are as long as a file system allows", () => {
    const folder = mkdtempSync(join(tmpdir(), "tar-"));
    try {
      const texts: Readonly<Record<string, string>> = {
        "10-short.conf": '"short"',
        [`${"a".repeat(246)}.conflist`]: '"letters"',
        [`${"a".repeat(249)}é.conf`]: '"same beginning"',
        [`${"é".repeat(125)}.conf`]: '"two bytes each"',
      };
      const found = configurationsIn("/c", {
        list: () => Object.keys(texts),
        text: (path) => texts[path.slice("/c/".length)],
      });
      const entries = found.map(({ name, read }) => ({ name: entryName(name), bytes: bytes(read()) }));
      writeFileSync(join(folder, "a.tar"), tarArchive(entries, 0));
      const { stdout } = spawnSync("tar", ["-tf", "a.tar", "--quoting-style=literal"], {
        cwd: folder,
        encoding: "utf8",
      });
      expect(stdout.trimEnd().split("\n")).toEqual([
        "vswitch-support/conf/10-short.conf",
        `vswitch-support/conf/cut/1-${"a".repeat(73)}`,
        `vswitch-support/conf/cut/2-${"a".repeat(73)}`,
        `vswitch-support/conf/cut/3-${"é".repeat(36)}`,
      ]);
      expect(spawnSync("tar", ["-xf", "a.tar"], { cwd: folder }).status).toBe(0);
      expect(entries.map(({ name }) => readFileSync(join(folder, name), "utf8").trimEnd())).toEqual(
        Object.values(texts),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("refuses a name that does not fit", () => {
    expect(() => tarArchive([{ name: "n".repeat(101), bytes: bytes("") }], 0)).toThrow("too long");
  });
});

describe("the files of a bundle", () => {
  test("say why where nothing can be had, and tell what the state said while it was opened", async () => {
    const failing = new Proxy({}, { get: (): never => fail("EPERM") });
    const host: Host = {
      bootId: "boot",
      dataDir: "/none",
      store: failing as Store,
      backend: failing as ToolBackend,
      close() {},
    };
    const options = {
      "data-dir": "/none",
      "results-dir": "/none",
      "conf-dir": "/none",
      "bin-dir": ["/none"],
    };
    const files = await bundleFiles(host, options, ["the state was damaged"]);
    const textOf = (name: string) => files.find((file) => file.name === name)?.text ?? "";
    expect(textOf("state.json")).toBe("could not be had: EPERM\n");
    expect(JSON.parse(textOf("doctor.json"))).toContainEqual(
      expect.objectContaining({ id: "state-file", severity: "warning", title: "the state was damaged" }),
    );
  });
});

function fail(why: string): never {
  throw new Error(why);
}

describe("a configuration", () => {
  test("loses whatever stands below a key that names a secret, and where else it is repeated", () => {
    const conf = {
      name: "n",
      plugins: [{ type: "overlay", psk: "short", etcd: { password: { old: "tops3cret" }, token: 12345 } }],
      note: "the password is tops3cret",
      dns: { nameservers: ["10.0.0.1"] },
    };
    const text = redactConf(JSON.stringify(conf));
    expect(text).not.toMatch(/short|tops3cret|12345/);
    expect(JSON.parse(text)).toEqual({
      name: "n",
      plugins: [{ type: "overlay", psk: "***", etcd: { password: "***", token: "***" } }],
      note: "the password is ***",
      dns: { nameservers: ["10.0.0.1"] },
    });
  });

  test("that is no JSON is left out: nobody knows what is in it", () => {
    expect(redactConf('{"token": "tops3cret"')).toBe("21 characters that are no JSON are left out\n");
  });
});
