import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHost, type Host } from "../system/host.ts";
import { whyNoNamespaces } from "../system/namespaces.ts";
import { createWire } from "./nic.ts";
import { whyNoVm } from "./requirements.ts";
import { bootVm, type Vm } from "./vm.ts";
import { VmError } from "./vm-error.ts";

const why = whyNoVm() ?? whyNoNamespaces();

/** What a promise fails with. */
async function failure(work: Promise<unknown>): Promise<VmError> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (error instanceof VmError) return error;
  throw new Error(`no failure of a machine: ${error}`);
}

/** A process that only waits for its parent to ask for its exit code is none. */
function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ");
  } catch {
    return false;
  }
}

describe.skipIf(why !== undefined)(`a test machine${why === undefined ? "" : ` (${why})`}`, () => {
  let vm: Vm;
  let host: Host;
  beforeAll(async () => {
    host = await createHost({ uplink: false });
    await host.exec(
      host.ns,
      "sh",
      "-ec",
      "ip tuntap add vm0 mode tap; ip link set vm0 up; ip address add 10.9.0.1/24 dev vm0",
    );
    const [a, b] = createWire(host.dir);
    vm = await bootVm({
      modules: ["8021q"],
      files: { "/srv/a file": "text of the test\n" },
      ns: host.ns,
      nics: [
        { kind: "tap", name: "vm0" },
        { kind: "wire", end: a },
        { kind: "wire", end: b, mac: "02:00:00:00:00:02" },
        { kind: "hub", hub: 0 },
        { kind: "hub", hub: 0 },
      ],
    });
  });
  afterAll(async () => {
    await vm?.close();
    await host?.close();
  });

  it("runs Debian's kernel", async () => {
    expect(await vm.exec(["uname", "-r"])).toBe(`${vm.release}\n`);
    expect(vm.release).toMatch(/-cloud-amd64$/);
  });

  it("gives back exit code, standard output and standard error of a step", async () => {
    const step = "cat '/srv/a file'; echo words >&2; exit 7";
    expect(await vm.run(step)).toEqual({ exitCode: 7, stdout: "text of the test\n", stderr: "words\n" });
  });

  it("takes the words of a command as they are", async () => {
    const words = ["a b", "it's", "$HOME", "", "ü\n"];
    expect(await vm.exec(["printf", "<%s>", ...words])).toBe(words.map((word) => `<${word}>`).join(""));
  });

  it("runs steps at once, and mixes neither their output nor kernel messages into a reply", async () => {
    const size = 200_000;
    const long = (letter: string) =>
      `echo "<0>noise of ${letter}" >/dev/kmsg; head -c ${size} /dev/zero | tr '\\0' ${letter}`;
    const letters = ["a", "b", "c"];
    const texts = await Promise.all(letters.map((letter) => vm.exec(long(letter))));
    expect(texts).toEqual(letters.map((letter) => letter.repeat(size)));
    expect(vm.console()).toContain("noise of a");
  });

  it("is reached through a tap of the test's own namespace", async () => {
    await vm.exec("ip link set eth0 up; ip address add 10.9.0.2/24 dev eth0");
    expect(await host.exec(host.ns, "busybox", "ping", "-c", "1", "-w", "20", "10.9.0.2")).toContain(
      " 0% packet loss",
    );
    expect(vm.frames(0).length).toBeGreaterThanOrEqual(4);
  });

  it.each([
    ["a wire", 1, 2],
    ["a hub", 3, 4],
  ])("sends tagged frames over %s from card to card", async (_, from, to) => {
    await vm.exec(`ip netns add far; ip link set eth${to} netns far; ip -n far link set eth${to} up; ip link set eth${from} up
      ip link add link eth${from} name v5 type vlan id 5; ip -n far link add link eth${to} name v5 type vlan id 5
      ip link set v5 up; ip -n far link set v5 up
      ip address add 10.8.0.1/24 dev v5; ip -n far address add 10.8.0.2/24 dev v5
      ping -c 1 -w 20 10.8.0.2`);
    await vm.exec(`ip link delete v5; ip netns delete far`);
    const echoed = vm
      .frames(to)
      .filter((frame) => Buffer.from(frame).toString("hex", 12, 20) === "8100000508004500");
    // The question and its answer; the kernel may ask again.
    expect(echoed.length).toBeGreaterThanOrEqual(2);
    expect(vm.frames(from).map((frame) => Buffer.from(frame).toString("hex"))).toEqual(
      expect.arrayContaining(echoed.map((frame) => Buffer.from(frame).toString("hex"))),
    );
  });

  it("says what a failed step said", async () => {
    const error = await failure(vm.exec("echo no such thing >&2; exit 3"));
    expect(error.kind).toBe("failed");
    expect(error.message).toContain("exit code 3: no such thing");
  });

  it("kills a step that hangs, and goes on", async () => {
    const error = await failure(vm.run("touch /tmp/begun; sleep 1000", { timeoutMs: 2_000 }));
    expect(error.kind).toBe("hang");
    expect(error.message).toContain("so the step was killed");
    expect(await vm.exec("ls /tmp/begun; pgrep sleep || echo none")).toBe("/tmp/begun\nnone\n");
  });

  it("that stands still is another hang", async () => {
    process.kill(vm.pid, "SIGSTOP");
    const error = await failure(vm.run("true", { timeoutMs: 200 })).finally(() =>
      process.kill(vm.pid, "SIGCONT"),
    );
    expect(error.kind).toBe("hang");
    expect(error.message).toContain("nor does the machine answer");
  });

  it("is refused when its kernel has no such module", async () => {
    await expect(bootVm({ modules: ["no-such"] })).rejects.toThrow(
      `kernel ${vm.release} has no module no_such`,
    );
  });

  it("that QEMU cannot make ends with QEMU's words", async () => {
    const error = await failure(bootVm({ nics: [{ kind: "tap", name: "none/such" }] }));
    expect(error.kind).toBe("ended");
    expect(error.message).toContain("none/such");
  });

  it("that is not up in time hangs, and is gone", async () => {
    const error = await failure(bootVm({ timeoutMs: 10 }));
    expect(error.kind).toBe("hang");
    expect(error.message).toContain("booting: no answer 10 ms after its start");
  });

  it("is gone with the process of its test, even when that is killed", async () => {
    const child = host.start(host.ns, [process.execPath, join(import.meta.dirname, "qemu-child.ts")]);
    const pid = await child.line((line) => /^[0-9]+$/.test(line), "process id of QEMU", 60_000);
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    process.kill(child.pid, "SIGKILL");
    await child.ended;
    await expect.poll(() => isRunning(Number(pid)), { timeout: 20_000 }).toBe(false);
  });

  it("whose kernel panics says so, with the end of its console", async () => {
    const error = await failure(vm.run("echo c >/proc/sysrq-trigger"));
    expect(error.kind).toBe("panic");
    expect(error.message).toContain("panicked: echo c >/proc/sysrq-trigger: sysrq triggered crash\n");
    expect(error.message.split("the end of its console:\n")[1]).toContain("Kernel Offset:");
    expect(existsSync(`/proc/${vm.pid}`)).toBe(false);
  });
});
