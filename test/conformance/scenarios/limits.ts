/** T21, T22: little of everything: descriptors, disk, rights. */
import { expectError, expectResult, flat } from "../expect.ts";
import { always, must, needs, type Scenario } from "../scenario.ts";

/** Runs the plugin with the state folder changed for it alone. */
function withFolder(folder: string, mount: string): readonly string[] {
  const script = `mount --make-rprivate / && ${mount} && exec "$@"`;
  return ["unshare", "--mount", "sh", "-c", script.replaceAll("DIR", folder), "sh"];
}

export const limitScenarios: readonly Scenario[] = [
  {
    id: "T21a",
    title: "With 20 file descriptors ADD succeeds or fails clean",
    applies: always,
    run: async (context) => {
      const before = await context.warm();
      const key = await context.key();
      const outcome = await context.call("ADD", key, {
        wrap: ["sh", "-c", 'ulimit -n 20; exec "$@"', "sh"],
        timeoutMs: 15_000,
      });
      if (outcome.exitCode === 0) await context.detach({ ...key, result: expectResult(outcome, key) });
      else expectError(context.subject, outcome, { codes: [5, "own"] });
      await context.unchanged(before, "afterwards");
    },
  },
  {
    id: "T21b",
    title: "A state folder that is read-only is an error that names it, and ADD leaves nothing",
    applies: needs("data"),
    run: async (context) => {
      const before = await context.warm();
      const readOnly = "mount --bind 'DIR' 'DIR' && mount -o remount,bind,ro 'DIR'";
      const outcome = await context.call("ADD", await context.key(), {
        wrap: withFolder(context.data, readOnly),
      });
      expectError(context.subject, outcome, { codes: [5, "own"], names: [context.data] });
      await context.unchanged(before, "after the ADD that failed");
    },
  },
  {
    id: "T21c",
    title: "A full disk below the state folder is an error, and ADD leaves nothing",
    applies: needs("data"),
    run: async (context) => {
      const before = await context.warm();
      const full =
        "mount -t tmpfs -o size=8k,mode=700 full 'DIR' && { cat /dev/zero > 'DIR/filler' 2>/dev/null || true; }";
      const outcome = await context.call("ADD", await context.key(), {
        wrap: withFolder(context.data, full),
      });
      expectError(context.subject, outcome, { codes: [5, 11, "own"] });
      await context.unchanged(before, "after the ADD that failed");
    },
  },
  {
    id: "T22",
    title: "Without any capability of root ADD is an error that says so, and nothing changes",
    applies: always,
    run: async (context) => {
      const before = await context.warm();
      const key = await context.key();
      const outcome = await context.call("ADD", key, {
        wrap: ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"],
      });
      const error = expectError(context.subject, outcome, { codes: [5, "own"] });
      const says = /permi|privileg|root|CAP_|denied/i.test(`${String(error.msg)} ${String(error.details)}`);
      must(says, `the error does not speak of missing rights: ${flat(outcome.stdout)}`);
      await context.unchanged(before, "after the ADD that failed");
    },
  },
];
