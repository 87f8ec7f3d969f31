import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";

// Read when the modules below are loaded.
const folder = vi.hoisted((): string => {
  const { mkdtempSync: make } = process.getBuiltinModule("node:fs");
  process.env.VSWITCH_RUN_DIR = make("/tmp/run-life-");
  return process.env.VSWITCH_RUN_DIR;
});

import { removeById, run } from "../../../../plugins/vswitch/run/run.ts";

const work = mkdtempSync(join(tmpdir(), "run-life-"));
const runs = () => readdirSync(folder);
afterAll(() => {
  for (const each of [folder, work]) rmSync(each, { recursive: true, force: true });
});

/** A plugin that does nothing, and whose DEL may fail. */
function plugin(del: "well" | "badly"): string {
  const binDir = mkdtempSync(join(work, "bin-"));
  const failure = `echo '{"code": 5, "msg": "no DEL"}'; exit 1`;
  writeFileSync(
    join(binDir, "odd"),
    `#!/bin/sh\ncat > /dev/null\ncase $CNI_COMMAND-${del} in ADD-*) echo '{"cniVersion": "1.0.0"}';; DEL-badly) ${failure};; esac\n`,
    { mode: 0o755 },
  );
  return binDir;
}

const conf = join(work, "odd.conflist");
writeFileSync(conf, JSON.stringify({ cniVersion: "1.0.0", name: "odd", plugins: [{ type: "odd" }] }));

interface Told {
  readonly codes: number[];
  readonly said: string[];
  readonly compartments: Set<string>;
  closed: number;
}
let told: Told;
beforeEach(() => {
  told = { codes: [], said: [], compartments: new Set(), closed: 0 };
});

const session = {
  print: (text: string) => void told.said.push(text),
  complain: (text: string) => void told.said.push(text),
  exitWith: (code: number) => void told.codes.push(code),
};
const backend =
  (failing = false) =>
  async () => ({
    createCompartment: (path: string) => {
      if (failing) throw new Error("EEXIST");
      told.compartments.add(path);
    },
    removeCompartment: (path: string) => void told.compartments.delete(path),
    inCompartment: <T>(_path: string, fn: () => T): T => fn(),
    close: () => void told.closed++,
  });

const options = (binDir: string, command: string) => ({
  net: conf,
  publish: [],
  ip: [],
  name: "web",
  ifname: "eth0",
  keep: false,
  quiet: true,
  json: false,
  "data-dir": work,
  "conf-dir": work,
  "bin-dir": [binDir],
  command: ["sh", "-c", command],
});

describe("a run", () => {
  test.each([
    ["well", 0, 0],
    ["well", 7, 7],
    ["badly", 0, 1],
    ["badly", 7, 7],
  ] as const)(
    "that detaches %s after a command that ended with %i ends with %i",
    async (del, command, code) => {
      rmSync(join(folder, "web.json"), { force: true });
      await run(options(plugin(del), `exit ${command}`), session, backend());
      expect(told.codes.at(-1)).toBe(code);
      expect(told.closed).toBe(1);
      expect(told.said.some((text) => text.includes("no DEL"))).toBe(del === "badly");
      expect(runs()).toEqual(del === "well" ? [] : ["web.json"]);
      rmSync(join(folder, "web.json"), { force: true });
    },
  );

  test("whose compartment cannot be made leaves nothing open", async () => {
    const before = process.listenerCount("SIGTERM");
    const started = run(options(plugin("well"), "true"), session, backend(true));
    await expect(started).rejects.toThrow("EEXIST");
    expect({ closed: told.closed, left: process.listenerCount("SIGTERM") - before }).toEqual({
      closed: 1,
      left: 0,
    });
    expect(runs()).toEqual([]);
  });
});

describe("removing a run", () => {
  test.each(["../web", "a/b", "", ".", "-x"])(
    "by a name that leads elsewhere is refused: %j",
    async (name) => {
      await expect(removeById(name, session, backend())).rejects.toThrow("--remove");
    },
  );

  test.each(["", "{", "null", "{}", JSON.stringify({ id: "web", pid: 1, chain: {}, attachment: {} })])(
    "of which nothing can be read takes away its compartment: %j",
    async (text) => {
      writeFileSync(join(folder, "web.json"), text);
      told.compartments.add("/run/netns/vswitch-web");
      await removeById("web", session, backend());
      expect(existsSync(join(folder, "web.json"))).toBe(false);
      expect(told.compartments).toEqual(new Set());
      expect(told.said.join("\n")).toMatch(/web cannot be read: vswitch gc.*\nremoved web/s);
    },
  );

  test("that is none is refused", async () => {
    await expect(removeById("none", session, backend())).rejects.toThrow('no run is called "none"');
  });
});
