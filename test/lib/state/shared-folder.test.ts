import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStore } from "../../../lib/state/store.ts";

let dataDir = "";
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "shared-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const store = () => openStore({ dataDir, bootId: "boot", now: () => 1, warn: () => {} });

test.each([0o777, 0o1777, 0o770])(
  "a folder that others may write (%o) is refused before anything is made in it",
  (mode) => {
    chmodSync(dataDir, mode);
    expect(() => store().networks.list()).toThrow(
      expect.objectContaining({ code: 5, reason: "data-dir-shared" }),
    );
    expect(existsSync(join(dataDir, "state.db"))).toBe(false);
    expect(existsSync(join(dataDir, "state.lock"))).toBe(false);
  },
);

test("a folder that others may only read is taken", () => {
  chmodSync(dataDir, 0o755);
  expect(store().networks.list()).toEqual([]);
});
