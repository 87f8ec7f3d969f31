/** What the machine must have for a runtime test; what is missing becomes part of the title of the skipped test. */
import { spawnSync } from "node:child_process";
import { whyNoNamespaces } from "../system/namespaces.ts";
import { toolPath } from "../system/run-program.ts";
import { whyNoRootfs } from "./rootfs.ts";
import { type RuntimeTarget, whyNoTarget } from "./target.ts";

export interface Requirements {
  readonly programs: readonly string[];
  /** CNI executables besides those that the target's configuration names. */
  readonly plugins?: readonly string[];
}

const debianPackages: Readonly<Record<string, string>> = {
  ctr: "containerd",
  "containerd-shim-runc-v2": "containerd",
  setpriv: "util-linux",
  unshare: "util-linux",
};

/** Says why the tests of a runtime cannot run here, or undefined when they can. */
export function whyNoRuntime(target: RuntimeTarget, needs: Requirements): string | undefined {
  const programs = ["bash", "unshare", "setpriv", "tar", ...needs.programs];
  return (
    whyNoTarget(target, needs.plugins) ??
    whyNoRootfs() ??
    whyNoPrograms(programs) ??
    whyNoNamespaces() ??
    whyNoMounts()
  );
}

/** The title of a suite, with the reason when it is skipped. */
export function suiteTitle(subject: string, target: RuntimeTarget, reason: string | undefined): string {
  return `${subject} with ${target.name}${reason === undefined ? "" : ` (${reason})`}`;
}

/** Says which program is missing and which Debian package has it, or undefined. */
export function whyNoPrograms(programs: readonly string[]): string | undefined {
  const missing = programs.find((program) => Bun.which(program, { PATH: toolPath }) === null);
  if (missing === undefined) return undefined;
  return `the program ${missing} is not installed (Debian: ${debianPackages[missing] ?? missing})`;
}

/** Tries, in mounts of its own, what a sandbox is made of. */
function whyNoMounts(): string | undefined {
  const script = `mount -t proc proc /proc && mount -t tmpfs tmpfs /run && mkdir /run/upper /run/work &&
    mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work /etc`;
  const words = ["--mount", "--pid", "--fork", "--propagation", "private", "sh", "-c", script];
  const tried = spawnSync("unshare", words, { encoding: "utf8", env: { PATH: toolPath } });
  if (tried.status === 0) return undefined;
  return `private mounts are not allowed here: ${tried.stderr.trim() || "unshare failed"}`;
}
