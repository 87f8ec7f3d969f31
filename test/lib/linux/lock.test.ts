import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { CniError } from "../../../lib/cni/error.ts";
import { withFileLock } from "./file-lock.ts";

const dir = mkdtempSync(join(tmpdir(), "lock-"));
afterAll(() => rmSync(dir, { recursive: true }));

const child = (...words: readonly string[]) =>
  spawn(process.execPath, [join(import.meta.dirname, "lock-child.ts"), ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });

function failure(act: () => unknown): CniError {
  try {
    act();
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

test("the lock is let go of when its descriptor is closed", () => {
  const lock = join(dir, "failing");
  expect(() => withFileLock(lock, 0, () => expect.fail("in there"))).toThrow("in there");
  expect(withFileLock(lock, 0, () => 7)).toBe(7);
});

test("whoever waits too long is told the file and to try again later", () => {
  const lock = join(dir, "held");
  const started = performance.now();
  const error = withFileLock(lock, 0, () => failure(() => withFileLock(lock, 30, () => 7)));
  expect(error).toMatchObject({ code: 11, reason: "lock-timeout" });
  expect(error.message).toContain(lock);
  expect(performance.now() - started).toBeGreaterThanOrEqual(30);
});

test("processes take turns", async () => {
  const counter = join(dir, "counter");
  writeFileSync(counter, "0");
  const children = Array.from({ length: 4 }, () => child(join(dir, "turns"), counter, "50"));
  const codes = await Promise.all(children.map((one) => once(one, "exit")));
  expect(codes.map(([code]) => code)).toEqual([0, 0, 0, 0]);
  expect(readFileSync(counter, "utf8")).toBe("200");
});

test("a holder that is killed holds no longer", async () => {
  const lock = join(dir, "killed");
  const holder = child(lock);
  await once(holder.stdout, "data");
  expect(failure(() => withFileLock(lock, 0, () => 7))).toMatchObject({ reason: "lock-timeout" });
  holder.kill("SIGKILL");
  await once(holder, "exit");
  expect(withFileLock(lock, 0, () => 7)).toBe(7);
});
