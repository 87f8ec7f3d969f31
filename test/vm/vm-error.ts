/** Why a test machine or a step of it did not do what was asked. */

/**
 * panic: its kernel gave up. hang: the machine, or a step of it, is not done in time. ended: the machine is gone
 * without a panic (QEMU failed, or something switched it off). failed: a step ended with another exit code than 0.
 */
export type VmErrorKind = "panic" | "hang" | "ended" | "failed";

const titles: Readonly<Record<VmErrorKind, string>> = {
  panic: "the kernel of the test machine panicked",
  hang: "the test machine hangs",
  ended: "the test machine ended",
  failed: "a step in the test machine failed",
};

/** The message says what was being done and why it failed; the end of the machine's console stands below it. */
export class VmError extends Error {
  readonly kind: VmErrorKind;

  constructor(kind: VmErrorKind, doing: string, why: string, console: string) {
    const end = console.trim().split("\n").slice(-60).join("\n");
    super(`${titles[kind]}: ${doing}: ${why}\nthe end of its console:\n${end === "" ? "(nothing)" : end}`);
    this.name = "VmError";
    this.kind = kind;
  }
}
