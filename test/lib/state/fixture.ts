/** Folders and stores that go away after the test, and processes that work on a store. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { onTestFinished } from "vitest";
import { openStore, type Store, type StoreOptions } from "../../../lib/state/store.ts";
import type { ChildEvent, ChildTask } from "./child.ts";

export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "vswitch-state-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function testStore(options: Partial<StoreOptions> & Pick<StoreOptions, "dataDir">): Store {
  const store = openStore({ bootId: "boot-1", now: Date.now, warn: () => undefined, ...options });
  onTestFinished(() => store.close());
  return store;
}

/** Command line of a process that does the task. */
export function childCommand(task: ChildTask): readonly [string, ...string[]] {
  return [process.execPath, join(import.meta.dirname, "child.ts"), JSON.stringify(task)];
}

/** @param before words to put before the command, such as `unshare` */
export async function runChild(
  task: ChildTask,
  before: readonly string[] = [],
): Promise<readonly ChildEvent[]> {
  const [program = "", ...words] = [...before, ...childCommand(task)];
  const { stdout } = await execa(program, words, { timeout: 60_000, reject: !task.killSelf });
  return parseEvents(stdout);
}

export function parseEvents(stdout: string): readonly ChildEvent[] {
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ChildEvent);
}
