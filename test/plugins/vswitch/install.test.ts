import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { installPlugins } from "../../../plugins/vswitch/install.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "install-"));
  writeFileSync(join(dir, "built"), "first build", { mode: 0o755 });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const install = (names: "plain" | "prefixed" | "both" = "plain") =>
  installPlugins({ source: join(dir, "built"), binDir: join(dir, "bin"), names });
const installed = () => readdirSync(join(dir, "bin")).toSorted();

describe("installing the plugins", () => {
  test("puts one file there under all names, executable", () => {
    expect(install().map(({ change }) => change)).toEqual(Array(5).fill("installed"));
    expect(installed()).toEqual(["ipam", "nat", "overlay", "transparent", "vswitch"]);
    const inodes = new Set(installed().map((name) => statSync(join(dir, "bin", name)).ino));
    expect(inodes.size).toBe(1);
    expect(statSync(join(dir, "bin/nat")).mode & 0o111).toBe(0o111);
  });

  test("changes nothing the second time", () => {
    install();
    const before = statSync(join(dir, "bin/nat")).ino;
    expect(install().map(({ change }) => change)).toEqual(Array(5).fill("unchanged"));
    expect(statSync(join(dir, "bin/nat")).ino).toBe(before);
  });

  test("replaces an older build and leaves other plugins and no temporary file", () => {
    install();
    writeFileSync(join(dir, "bin/bridge"), "somebody else's");
    writeFileSync(join(dir, "built"), "second build");
    expect(install().map(({ change }) => change)).toEqual(Array(5).fill("replaced"));
    expect(readFileSync(join(dir, "bin/nat"), "utf8")).toBe("second build");
    expect(installed()).toEqual(["bridge", "ipam", "nat", "overlay", "transparent", "vswitch"]);
  });

  test("can leave the plain names to others", () => {
    install("prefixed");
    expect(installed()).toEqual([
      "vswitch",
      "vswitch-ipam",
      "vswitch-nat",
      "vswitch-overlay",
      "vswitch-transparent",
    ]);
  });

  test("says which folder it cannot write", () => {
    writeFileSync(join(dir, "bin"), "a file is in the way");
    expect(() => install()).toThrow(expect.objectContaining({ code: 5, reason: "install-failed" }));
  });
});
