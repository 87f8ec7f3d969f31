import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whyNoVm } from "./requirements.ts";
import { bootVm, type Vm } from "./vm.ts";
import { VmError } from "./vm-error.ts";

const why = whyNoVm();

/** What a promise fails with. */
async function failure(work: Promise<unknown>): Promise<VmError> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (error instanceof VmError) return error;
  throw new Error(`no failure of a machine: ${error}`);
}

describe.skipIf(why !== undefined)(`a test machine${why === undefined ? "" : ` (${why})`}`, () => {
  let vm: Vm;
  beforeAll(async () => {
    vm = await bootVm({ files: { "/srv/a file": "text of the test\n" } });
  });
  afterAll(() => vm?.close());

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

  it("says what a failed step said", async () => {
    const error = await failure(vm.exec("echo no such thing >&2; exit 3"));
    expect(error.kind).toBe("failed");
    expect(error.message).toContain("exit code 3: no such thing");
  });

  it("kills a step that hangs, and goes on", async () => {
    const error = await failure(vm.run("touch /tmp/begun; sleep 1000", { timeoutMs: 1_000 }));
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

  it("whose kernel panics says so, with the end of its console", async () => {
    const error = await failure(vm.run("echo c >/proc/sysrq-trigger"));
    expect(error.kind).toBe("panic");
    expect(error.message).toContain("panicked: echo c >/proc/sysrq-trigger: sysrq triggered crash\n");
    expect(error.message.split("the end of its console:\n")[1]).toContain("Kernel Offset:");
    expect(existsSync(`/proc/${vm.pid}`)).toBe(false);
  });
});
