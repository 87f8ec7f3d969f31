/**
 * A test machine: Debian's kernel in QEMU with our executables, for what the kernel under the tests lacks.
 *
 * `await using vm = await bootVm({ modules: ["8021q"] }); await vm.exec("ip link add ...");` See README.md here.
 */
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cleaner } from "../system/host-cleaner.ts";
import { createFolder, type Namespace } from "../system/namespaces.ts";
import { openChannel, type Reply } from "./channel.ts";
import { type GuestFile, writeInitramfs } from "./initramfs.ts";
import { findKernel } from "./kernel.ts";
import { captureFile, type Nic, nicArguments } from "./nic.ts";
import { decodePcap } from "./pcap.ts";
import { machineArguments, startQemu } from "./qemu.ts";
import { pluginScript, type Step, type StepOptions, scriptOf, titleOf, type VmPluginCall } from "./step.ts";
import { usrImage } from "./usr-image.ts";
import { VmError } from "./vm-error.ts";

export interface VmOptions {
  /** Loaded before the first step. All others come as on a real host: when the kernel asks for them. */
  readonly modules?: readonly string[];
  /** Programs of this machine to put in with their libraries, besides busybox, `ip`, `bridge`, `tc` and `nft`. */
  readonly programs?: readonly string[];
  /** By their absolute path in the machine, outside /usr. */
  readonly files?: Readonly<Record<string, GuestFile>>;
  /** First step: its failure is one of `bootVm`. */
  readonly script?: string;
  readonly nics?: readonly Nic[];
  /** QEMU is started in this namespace: the taps of `nics` are there. Default: that of the tests. */
  readonly ns?: Namespace;
  readonly memoryMib?: number;
  /** For the boot, which takes 4 s and more where others want the processor too, and for `script`. Default 90 000. */
  readonly timeoutMs?: number;
}

export interface Vm extends AsyncDisposable {
  /** Process id of QEMU. */
  readonly pid: number;
  /** As `uname -r` says it. */
  readonly release: string;
  /** Runs a step to its end, whatever its exit code. Steps may run at once. @throws VmError panic, hang or ended */
  run(step: Step, options?: StepOptions): Promise<Reply>;
  /** As `run`, giving standard output. @throws VmError failed too, with the words of the step */
  exec(step: Step, options?: StepOptions): Promise<string>;
  /** Calls an executable of ours (`nat`, `ipam`, `vswitch` ...) as a runtime does. @throws VmError as `run` */
  call(exe: string, call: VmPluginCall): Promise<Reply>;
  /** The Ethernet frames seen so far at a card (0 is eth0), in both directions, tags included. */
  frames(nic: number): readonly Uint8Array[];
  /** What the kernel and the first process wrote. */
  console(): string;
  /** Ends QEMU and waits until it is gone. */
  close(): Promise<void>;
}

/**
 * Boots a machine. It ends with `close`, and with this process, however that ends.
 *
 * @throws VmError: panic, hang, ended, or failed for `script`; Error where a part is missing (ask `whyNoVm` before)
 */
export async function bootVm(options: VmOptions = {}): Promise<Vm> {
  const kernel = findKernel();
  if (kernel === undefined) throw new Error("no Debian kernel for a test machine: run test/prepare.mjs test");
  const dir = createFolder("vm");
  const release = cleaner.add({ names: new Set(), dir });
  try {
    const { modules = [], programs = [], nics = [], memoryMib = 1024 } = options;
    const initramfs = join(dir, "initramfs");
    writeInitramfs(initramfs, { kernel, modules, files: options.files ?? {} });
    const files = {
      kernel: kernel.image,
      initramfs,
      disk: usrImage(kernel, programs),
      console: join(dir, "console"),
    };
    const words = [...machineArguments(files, memoryMib), ...nicArguments(nics, dir)];
    const vm = machineOf({ qemu: startQemu(words, options.ns), dir, release, kernelRelease: kernel.release });
    await vm.ready(options.timeoutMs ?? 90_000);
    if (options.script !== undefined) await firstStep(vm, options.script, options);
    return vm;
  } catch (error) {
    release();
    throw error;
  }
}

async function firstStep(vm: Vm, script: string, options: StepOptions): Promise<void> {
  try {
    await vm.exec(script, options);
  } catch (error) {
    await vm.close();
    throw error;
  }
}

interface Parts {
  readonly qemu: ChildProcess;
  readonly dir: string;
  readonly release: () => void;
  readonly kernelRelease: string;
}

function machineOf({ qemu, dir, release, kernelRelease }: Parts) {
  const { stdin, stdout, stderr } = qemu;
  if (stdin === null || stdout === null || stderr === null) throw new Error("QEMU was started without pipes");
  const channel = openChannel(stdin, stdout);
  const said: Buffer[] = [];
  stderr.on("data", (part: Buffer) => said.push(part));
  const gone = new Promise<void>((resolve) => {
    qemu.on("close", () => resolve());
    qemu.on("error", (error) => {
      said.push(Buffer.from(error.message));
      resolve();
    });
  });
  const consoleText = () => {
    try {
      return readFileSync(join(dir, "console"), "latin1").replaceAll("\r", "");
    } catch {
      return "";
    }
  };
  const whyGone = (doing: string) => {
    const text = consoleText();
    const panic = /Kernel panic - not syncing: (.*)/.exec(text)?.[1];
    if (panic !== undefined) return new VmError("panic", doing, panic, text);
    const words = Buffer.concat(said).toString().trim();
    return new VmError("ended", doing, words === "" ? "QEMU ended without a word" : words, text);
  };
  /** The first of: the work is done, QEMU is gone, the time is up. */
  const within = async <T>(
    doing: string,
    work: Promise<T>,
    timeoutMs: number,
    late: () => Promise<string>,
  ) => {
    const { promise: time, resolve: timeUp } = Promise.withResolvers<"late">();
    const timer = setTimeout(timeUp, timeoutMs, "late");
    const ended = gone.then(() => "gone" as const);
    const first = await Promise.race([work.then((value) => ({ value })), ended, time]);
    clearTimeout(timer);
    if (first === "gone") throw whyGone(doing);
    if (first === "late") throw new VmError("hang", doing, await late(), consoleText());
    return first.value;
  };
  const run: Vm["run"] = (step, { timeoutMs = 60_000 } = {}) => {
    const mark = `/run/vm/step-${++steps}`;
    // The step's own shell leads its process group.
    const work = channel.request(`echo $$ >${mark}\n${scriptOf(step)}`);
    return within(titleOf(step), work, timeoutMs, async () => {
      const killed = channel.request(`kill -9 -- -$(cat ${mark})`).then(() => true);
      const alive = await Promise.race([killed, Bun.sleep(answerMs).then(() => false)]);
      const state = alive
        ? "the machine itself still answers, so the step was killed"
        : "nor does the machine answer";
      return `not done after ${timeoutMs} ms; ${state}`;
    });
  };
  let steps = 0;
  const exec: Vm["exec"] = async (step, options) => {
    const { exitCode, stdout, stderr } = await run(step, options);
    if (exitCode === 0) return stdout;
    const words = (stderr || stdout).trim();
    throw new VmError("failed", titleOf(step), `exit code ${exitCode}: ${words}`, consoleText());
  };
  const close = async () => {
    qemu.kill("SIGKILL");
    await gone;
    release();
  };
  return {
    pid: qemu.pid ?? -1,
    release: kernelRelease,
    ready: (timeoutMs: number) =>
      within("booting", channel.ready, timeoutMs, async () => {
        qemu.kill("SIGKILL");
        return `no answer ${timeoutMs} ms after its start`;
      }),
    run,
    exec,
    call: (exe: string, call: VmPluginCall) => run(pluginScript(exe, call), call),
    frames: (nic: number) => decodePcap(readFileSync(captureFile(dir, nic))),
    console: consoleText,
    close,
    [Symbol.asyncDispose]: close,
  } satisfies Vm & { ready(timeoutMs: number): Promise<void> };
}

/** How long a machine may take to show that it is alive, when a step of it is late. */
const answerMs = 5_000;
