import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { createHost } from "../system/host.ts";
import { toolPath } from "../system/run-program.ts";
import { eventually } from "./eventually.ts";
import { suiteTitle, whyNoPrograms, whyNoRuntime } from "./requirements.ts";
import { startSandbox } from "./sandbox.ts";
import { referenceTarget } from "./target.ts";

const target = { ...referenceTarget, name: "no executables", binDirs: [] };
const plain = { ...target, conflist: { ...target.conflist, plugins: [] } };
const reason = whyNoRuntime(plain, { programs: [] });

describe.skipIf(reason !== undefined)(suiteTitle("a sandbox", target, reason), () => {
  it("hides what runtimes write to, and has the network of its host", async () => {
    await using host = await createHost();
    await using sandbox = await startSandbox({ ns: host.ns, target: plain });
    const shown = await sandbox.exec([
      "sh",
      "-c",
      "ls /run /var/lib /opt/cni; ls /etc/cni/net.d; ip -br address",
    ]);
    expect(shown).toContain("10-runtime-test.conflist");
    expect(shown).toContain("192.0.2.1/24");
    expect(readdirSync(sandbox.seen("/var/lib"))).toEqual(["cni"]);
  });

  it("goes as a whole when its owner is killed", async () => {
    await using host = await createHost();
    const victim = spawn(process.execPath, [join(import.meta.dirname, "sandbox-victim.ts"), host.ns.name], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const { folder, cgroup } = JSON.parse(await firstLine(victim)) as { folder: string; cgroup: string };
      expect(cgroupFolders(cgroup)).not.toEqual([]);
      expect(processesIn(host.ns.path)).not.toEqual([]);
      victim.kill("SIGKILL");
      await eventually("nothing is left", async () => {
        expect(processesIn(host.ns.path)).toEqual([]);
        expect(existsSync(folder)).toBe(false);
        expect(cgroupFolders(cgroup)).toEqual([]);
        expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(folder);
        return true;
      });
    } finally {
      victim.kill("SIGKILL");
    }
  });
});

describe("the requirements of a runtime test", () => {
  it("name a missing program and its package", () => {
    expect(whyNoPrograms(["sh"])).toBeUndefined();
    const missing = "the program no-such-program is not installed (Debian: no-such-program)";
    expect(whyNoPrograms(["sh", "no-such-program"])).toBe(missing);
  });

  it("name a missing executable of the target and where it was looked for", () => {
    expect(whyNoRuntime({ ...target, binDirs: ["/nowhere"] }, { programs: [] })).toBe(
      "bridge is not in /nowhere",
    );
  });
});

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.on("exit", () => reject(new Error("it ended before it was ready")));
    if (child.stdout !== null) createInterface({ input: child.stdout }).once("line", resolve);
  });
}

function cgroupFolders(cgroup: string): readonly string[] {
  const found = spawnSync("find", ["/sys/fs/cgroup", "-type", "d", "-path", `*${cgroup}*`], {
    encoding: "utf8",
  });
  return found.stdout.split("\n").filter((line) => line !== "");
}

function processesIn(netns: string): readonly string[] {
  const name = netns.split("/").at(-1) ?? "";
  const pids = spawnSync("ip", ["netns", "pids", name], { encoding: "utf8", env: { PATH: toolPath } });
  return pids.stdout.split("\n").filter((line) => line !== "");
}
