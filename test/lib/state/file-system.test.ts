/** A file system that is full or read-only: made in a mount namespace of the test's own. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { runChild, testFolder } from "./fixture.ts";

const probe = spawnSync("unshare", ["--mount", "true"]);
const why = probe.status === 0 ? "" : " (skipped: no mount namespace, which takes root)";

/** Runs the child with `script` done before it in a mount namespace; `$1` is the folder. */
const mounted = (folder: string, script: string): readonly string[] => [
  "unshare",
  "--mount",
  "sh",
  "-ec",
  `${script}; shift; exec "$@"`,
  "sh",
  folder,
];

const task = { id: "c", first: "10.0.0.2", last: "10.255.255.254" };

describe.skipIf(why !== "")(`the state file's file system${why}`, () => {
  test("is read-only: CNI error 5 with the path and what to do, for a new file and for an old one", async () => {
    const folder = testFolder();
    const readOnly = 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"';
    const refused = { code: 5, reason: "state-unwritable", message: expect.stringContaining(folder) };
    const [fresh] = await runChild({ ...task, dataDir: folder, count: 1 }, mounted(folder, readOnly));
    expect(fresh?.error).toMatchObject(refused);
    expect(fresh?.error?.details).toMatch(/writable/);
    await runChild({ ...task, dataDir: folder, count: 1 });
    const [old] = await runChild({ ...task, dataDir: folder, count: 1 }, mounted(folder, readOnly));
    expect(old?.error).toMatchObject(refused);
  });

  test("is full: CNI error 5, nothing half written", async () => {
    const folder = testFolder();
    const small = 'mount -t tmpfs -o size=2m,mode=700 tmpfs "$1"';
    const full = { ...task, dataDir: folder, count: 3000, ballast: 4000, recount: true };
    const events = await runChild(full, mounted(folder, small));
    const failed = events.find((event) => event.error !== undefined);
    expect(failed?.error).toMatchObject({ code: 5, reason: "state-disk-full" });
    const given = events.filter((event) => event.address !== undefined).length;
    expect(given).toBeGreaterThan(10);
    // Each transaction wrote a network and a lease: as many of one as of the other, and as many as were announced.
    expect(events.at(-1)?.rows).toEqual({ networks: given, leases: given });
  });
});
