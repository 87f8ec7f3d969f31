import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Child } from "./child.ts";
import { createLab, type NatLab, whyNoNat } from "./nat-lab.ts";
import { toolOf } from "./tool.ts";

const reason = whyNoNat();

const ipam = { ranges: [[{ subnet: "10.61.0.0/24" }], [{ subnet: "fd00:61::/64" }]] };

/** A lab with configurations as a runtime has them, and a way to call `vswitch run` by words of a shell. */
async function createRunLab() {
  const lab = await createLab();
  const confDir = join(lab.host.dir, "net.d");
  mkdirSync(confDir);
  const write = (name: string, value: unknown) => writeFileSync(join(confDir, name), JSON.stringify(value));
  const nat = { type: "nat", capabilities: { portMappings: true }, ipam };
  write("10-nat.conflist", { cniVersion: "1.0.0", name: "nat", plugins: [nat] });
  write("20-chain.conflist", {
    cniVersion: "1.0.0",
    name: "chain",
    plugins: [
      { type: "nat", ipam: { subnet: "10.63.0.0/24" } },
      { type: "tuning", mtu: 1400 },
    ],
  });
  const runDir = join(lab.host.dir, "run");
  const env = { VSWITCH_DATA_DIR: lab.dataDir, VSWITCH_RUN_DIR: runDir, PATH: process.env.PATH ?? "" };
  const command = [...toolOf(lab).words("run"), "--conf-dir", confDir];
  const words = command.join(" ");
  const sh = (script: string) =>
    lab.host.run(lab.host.ns, ["sh", "-c", script.replaceAll("RUN", words)], { env });
  const start = (...more: readonly string[]) => lab.host.start(lab.host.ns, [...command, ...more], env);
  return { lab, sh, start, runDir, env, words, [Symbol.asyncDispose]: () => lab.host.close() };
}

type RunLab = Awaited<ReturnType<typeof createRunLab>>;

/** A run whose command goes on until it is stopped, and is there already. */
async function startSleeping({ start }: RunLab, name: string): Promise<Child> {
  // The command holds no pipe of ours: whoever waits for the end of the run waits for no other.
  const command = "echo in; exec sleep 30 > /dev/null 2>&1";
  const child = start("--net", "nat", "--name", name, "--", "sh", "-c", command);
  await child.line((line) => line === "in", "the command");
  return child;
}

async function startAndKill(run: RunLab, name: string): Promise<void> {
  const child = await startSleeping(run, name);
  process.kill(child.pid, "SIGKILL");
  expect(await child.ended).toBe(null);
}

/** What a run leaves: nothing of an endpoint, a lease, a compartment, a record. */
function left({ lab, runDir }: { lab: NatLab; runDir: string }, id: string): readonly string[] {
  const records = existsSync(runDir) ? readdirSync(runDir) : [];
  const compartment = existsSync(`/run/netns/vswitch-${id}`) ? ["compartment"] : [];
  return [...lab.rows().filter((row) => !row.startsWith("networks")), ...records, ...compartment];
}

let names = 0;
/** Compartments of all tests of the machine are in one folder. */
const newName = () => `t${process.pid}-${Date.now().toString(36)}-${++names}`;

describe.skipIf(reason !== undefined)(`vswitch run${reason ? ` (${reason})` : ""}`, () => {
  it("runs a command in a compartment of its own with addresses, and leaves nothing", async () => {
    await using run = await createRunLab();
    const name = newName();
    const done = await run.sh(`RUN --net nat --name ${name} -- sh -c 'ip -o address; exit 7'`);
    expect(done.exitCode).toBe(7);
    expect(done.stdout).toMatch(/eth0 +inet 10\.61\.0\.2\/24/);
    expect(done.stdout).toMatch(/lo +inet 127\.0\.0\.1\/8/);
    expect(done.stderr).toBe(`vswitch: ${name} on nat: 10.61.0.2/24 fd00:61::2/64`);
    expect(left(run, name)).toEqual([]);
  });

  it("runs the whole chain of a configuration with the plugins of other folders", async () => {
    await using run = await createRunLab();
    const done = await run.sh("RUN --net chain -q -- ip -o link show eth0");
    expect(done).toMatchObject({ exitCode: 0, stderr: "" });
    expect(done.stdout).toContain("mtu 1400");
  });

  it("publishes ports of the command on the host", async () => {
    await using run = await createRunLab();
    const name = newName();
    const { host } = run.lab;
    const server = "socat TCP-LISTEN:80,reuseaddr,fork SYSTEM:'echo hello'";
    const child = host.start(
      host.ns,
      ["sh", "-c", `exec ${run.words} --net nat -p 8080:80 --name ${name} -- ${server}`],
      run.env,
    );
    await child.line((line) => line.includes("8080/tcp -> 80"), "its ports");
    const ask = [
      "sh",
      "-c",
      "for i in 1 2 3 4 5 6 7 8; do socat -u TCP:192.0.2.1:8080 - && exit; sleep 0.2; done",
    ];
    expect((await host.run(host.outside, ask)).stdout).toContain("hello");
    process.kill(child.pid, "SIGTERM");
    await expect.poll(() => left(run, name), { timeout: 10_000 }).toEqual([]);
  });

  it("gives the address that is asked for", async () => {
    await using run = await createRunLab();
    const done = await run.sh("RUN --net nat --ip 10.61.0.99 -- true");
    expect(done.stderr).toContain("10.61.0.99/24");
    expect((await run.sh("RUN --net nat --ip 10.99.0.1 -- true")).exitCode).toBe(1);
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
  ] as const)("hands %s on to the command, and detaches", async (signal, code) => {
    await using run = await createRunLab();
    const name = newName();
    const command = `trap "echo got; exit ${code}" ${signal.slice(3)}; echo in; while :; do sleep 0.1; done`;
    const child = run.start("--net", "nat", "--name", name, "--", "sh", "-c", command);
    await child.line((line) => line === "in", "the command");
    process.kill(child.pid, signal);
    await child.line((line) => line === "got", "the signal");
    expect(await child.ended).toBe(code);
    expect(left(run, name)).toEqual([]);
  });

  it("ends with the command's own code when that takes a signal well", async () => {
    await using run = await createRunLab();
    const command = `trap "exit 9" TERM; echo in; while :; do sleep 0.1; done`;
    const child = run.start("--net", "nat", "--", "sh", "-c", command);
    await child.line((line) => line === "in", "the command");
    process.kill(child.pid, "SIGTERM");
    expect(await child.ended).toBe(9);
  });

  it("is a shell on a terminal, in which Ctrl-C ends what runs and not the shell", async () => {
    await using run = await createRunLab();
    const name = newName();
    const keys = `(sleep 1; printf 'sleep 100\\n'; sleep 0.5; printf '\\003'; sleep 0.5; printf 'ip -br link show eth0\\nexit 5\\n'; sleep 2)`;
    const done = await run.sh(
      `${keys} | SHELL=/bin/sh script -qec "RUN --net nat --name ${name}" /dev/null; echo "exit $?"`,
    );
    expect(done.stdout).toContain("eth0@");
    expect(done.stdout).toContain("exit 5");
    expect(left(run, name)).toEqual([]);
  });

  it("says why a plugin failed, and takes back what the others did", async () => {
    await using run = await createRunLab();
    const name = newName();
    const first = await run.sh(`RUN --net nat -p 8080:80 --name ${name} --keep -- true`);
    expect(first.exitCode).toBe(0);
    const second = newName();
    const done = await run.sh(`RUN --net nat -p 8080:80 --name ${second} -- true`);
    expect(done).toMatchObject({ exitCode: 1, stdout: "" });
    expect(done.stderr).toContain("ADD by plugin nat:");
    expect(done.stderr).toContain(`nat/${name}/eth0`);
    expect(run.lab.rows().filter((row) => row.includes(second))).toEqual([]);
    expect((await run.sh(`RUN --remove ${name}`)).stdout).toBe(`removed ${name}`);
    expect(left(run, name)).toEqual([]);
  });

  it("keeps what it is told to keep, until it is removed", async () => {
    await using run = await createRunLab();
    const name = newName();
    const done = await run.sh(`RUN --net nat --keep --name ${name} -- true`);
    expect(done.stderr).toContain(`vswitch run --remove ${name}`);
    const inside = await run.sh(`nsenter --net=/run/netns/vswitch-${name} ip -o -4 address show eth0`);
    expect(inside.stdout).toContain("10.61.0.2/24");
    expect((await run.sh(`RUN --net nat --name ${name} -- true`)).stderr).toContain("left of another run");
    await run.sh(`RUN --remove ${name}`);
    expect(left(run, name)).toEqual([]);
    expect(await run.sh(`RUN --remove ${name}`)).toMatchObject({ exitCode: 2 });
  });

  it("leaves alone a compartment by its name that somebody else made", async () => {
    await using run = await createRunLab();
    const name = newName();
    const done = await run.sh(
      `ip netns add vswitch-${name}; RUN --net nat --name ${name} -- true; ip netns delete vswitch-${name} && echo there`,
    );
    expect(done.stdout).toContain("there");
    expect(done.stderr).toContain("it exists already");
    expect(left(run, name)).toEqual([]);
  });

  it("can be removed by another call when it was killed", async () => {
    await using run = await createRunLab();
    const name = newName();
    await startAndKill(run, name);
    expect(left(run, name)).not.toEqual([]);
    expect(await run.sh(`RUN --remove ${name}`)).toMatchObject({ exitCode: 0 });
    expect(left(run, name)).toEqual([]);
  });

  it("is collected by gc when it was killed, and left alone while it runs or is kept", async () => {
    await using run = await createRunLab();
    const [killed, kept, running] = [newName(), newName(), newName()];
    await run.sh(`RUN --net nat --keep --name ${kept} -- true`);
    await startAndKill(run, killed);
    const child = await startSleeping(run, running);
    const done = await run.sh(toolOf(run.lab).words("gc", "--json").join(" "));
    expect(JSON.parse(done.stdout)).toMatchObject({ removed: [{ kind: "run", name: killed }], failed: [] });
    await child.stop();
    expect(left(run, running)).not.toContain(`${running}.json`);
    expect(left(run, kept)).toContain(`${kept}.json`);
    await run.sh(`RUN --remove ${kept}`);
    expect(left(run, killed)).toEqual([]);
  });

  it.each([
    ["--net nat -- /nonexistent", 127, "cannot start /nonexistent"],
    ["--net nat -- /etc/passwd", 126, "cannot start /etc/passwd"],
    ["--net nowhere -- true", 1, "it defines nat, chain"],
    ["--net chain -p 80 -- true", 1, '"portMappings": true'],
    ["--net nat -p nix -- true", 2, "--publish nix"],
    ["--net nat --ip nix -- true", 2, "--ip nix"],
    ["--net nat --name a/b -- true", 2, "--name a/b"],
    ["-- true", 2, "--net is missing"],
  ])("ends RUN %s with %d and says why", async (words, code, why) => {
    await using run = await createRunLab();
    const done = await run.sh(`RUN ${words}`);
    expect(done.exitCode).toBe(code);
    expect(done.stderr).toContain(why);
    expect(run.lab.rows().filter((row) => !row.startsWith("networks"))).toEqual([]);
  });
});
