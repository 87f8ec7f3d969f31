import { spawnSync } from "node:child_process";
import { beforeAll, describe, expect, test } from "vitest";
import { noNamespace, runJson, runScript, titled } from "./own-namespace.ts";

const noStrace =
  spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0 ? undefined : "strace cannot run here";

describe.skipIf(noNamespace)(titled("compartments"), () => {
  let out: Record<string, unknown> = {};
  beforeAll(() => {
    out = runJson("netns-in-kernel.ts") as Record<string, unknown>;
  }, 30_000);

  test("are entered to open sockets, and left", () => {
    expect(out).toMatchObject({ entered: true, inode: true });
  });

  test("are worked in from the host by the sockets opened there", () => {
    expect(out.links).toEqual(["lo", "inside"]);
    expect(out.hostLinks).toEqual([]);
    expect((out.trace as string[]).slice(0, 2)).toEqual([
      "link add inside type bridge stp_state 0",
      "link show -> 2",
    ]);
  });

  test("can be entered again", () => {
    expect(out.result).toBe(true);
  });

  test("are left when what runs in them fails, and the failure comes out", () => {
    expect(out).toMatchObject({ thrown: "Error: in there", backAfterThrow: true });
    expect(out).toMatchObject({ openThrown: "Error: while opening", backAfterOpen: true, home: true });
  });

  test("stay as long as they are open", () => {
    expect(out.outlives).toBe(3);
  });

  test("have settings of their own", () => {
    expect(out.sysctl).toEqual({ before: "0", told: "0", after: "1", again: "1" });
    expect(out.hostSysctl).toBe("absent");
  });

  test("have settings of interfaces with dots in their names", () => {
    expect(out.sysctlDots).toBe("2");
  });

  test("refuse settings with the path and the kernel's reason", () => {
    expect(out.sysctlRefused).toMatchObject({ code: 5, reason: "sysctl" });
    expect(out.sysctlRefused).toHaveProperty(
      "message",
      expect.stringContaining("conf/lo/forwarding from 0 to banana: EINVAL"),
    );
    expect(out.sysctlAbsent).toHaveProperty(
      "message",
      expect.stringContaining("conf/none/forwarding to 1: no such key"),
    );
  });

  test.each([
    ["DIR/none", "compartment-missing"],
    ["DIR/plain/x", "compartment-missing"],
    ["DIR/plain", "not-a-compartment"],
    ["DIR/fifo", "not-a-compartment"],
    ["DIR", "not-a-compartment"],
    ["/proc/self/ns/mnt", "not-a-compartment"],
  ])("%s is refused: %s", (path, reason) => {
    const refused = out.refused as Record<string, unknown>;
    expect(refused[path]).toMatchObject({ code: 100, reason, message: expect.stringContaining(path) });
    expect(refused[path]).toHaveProperty("help", expect.any(String));
  });

  test("refuse the one the plugin itself runs in", () => {
    expect(out.own).toMatchObject({ code: 100, reason: "own-compartment" });
  });

  const leave = `that cannot be left end the process at once${noStrace ? ` (skipped: ${noStrace})` : ""}`;
  test.skipIf(noStrace)(leave, () => {
    const strace = [
      "strace",
      "-f",
      "-o",
      "/dev/null",
      "-e",
      "trace=setns",
      "-e",
      "inject=setns:error=EPERM:when=2",
    ];
    const { exitCode, stdout, stderr } = runScript("netns-stuck.ts", strace);
    expect(stderr).toMatch(
      /return to the host's network namespace: EPERM: stopped inside \/proc\/\d+\/ns\/net/,
    );
    expect(exitCode).toBe(1);
    expect(stdout).toBe("");
  });
});
