/** QEMU as a test machine needs it: no acceleration, no hardware but disk, port and cards. */
import { type ChildProcess, spawn } from "node:child_process";
import { enterWords } from "../system/command.ts";
import type { Namespace } from "../system/namespaces.ts";
import { toolPath } from "../system/run-program.ts";

export interface QemuFiles {
  /** The kernel's image. */
  readonly kernel: string;
  readonly initramfs: string;
  /** The disk, an image of a file system; it is only read. */
  readonly disk: string;
  /** Where the machine's console is written. */
  readonly console: string;
}

/** The port to the machine's first process is QEMU's standard input and output. */
export function machineArguments(
  { kernel, initramfs, disk, console }: QemuFiles,
  memoryMib: number,
): readonly string[] {
  return [
    ...["-accel", "tcg", "-M", "pc", "-m", `${memoryMib}`],
    // The kernel copies by `rep movsb` where it may, which the emulation does byte by byte.
    ...["-cpu", "max,-erms"],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...["-kernel", kernel, "-initrd", initramfs, "-append", commandLine],
    ...["-drive", `if=none,id=usr,format=raw,readonly=on,file=${disk}`],
    ...["-device", "virtio-blk-pci,drive=usr"],
    ...["-serial", `file:${console}`],
    ...["-chardev", "stdio,id=port,signal=off", "-device", "virtio-serial-pci"],
    ...["-device", "virtserialport,chardev=port"],
  ];
}

/** `panic=-1` restarts at once, which `-no-reboot` makes the end of QEMU. Only what goes wrong is on the console. */
const commandLine = [
  ...["console=ttyS0", "quiet", "loglevel=4", "panic=-1", "oops=panic"],
  ...["net.ifnames=0", "cryptomgr.notests", "no_timer_check", "random.trust_cpu=on"],
].join(" ");

/** Starts QEMU in a namespace. It is killed with this process, whatever ends that. */
export function startQemu(words: readonly string[], ns?: Namespace): ChildProcess {
  const command = ["setpriv", "--pdeathsig", "KILL", "--", "qemu-system-x86_64", ...words];
  const [program = "", ...rest] = ns === undefined ? command : enterWords(ns, command);
  return spawn(program, rest, { stdio: ["pipe", "pipe", "pipe"], env: { PATH: toolPath } });
}
