/** The edge of a plugin process: the only place that touches the process, prints and decides the exit code. */
import { isErrno } from "../os/error.ts";
import { writeFile } from "../os/file.ts";
import { type Outcome, run, type Verbs } from "./run.ts";
import { readStdin } from "./stdin.ts";

declare const VSWITCH_VERSION: string | undefined;

/** Of the build; running from source has none. */
export const version: string = typeof VSWITCH_VERSION === "string" ? VSWITCH_VERSION : "0.0.0-source";

const waiting = () => require("./run-on.ts") as typeof import("./run-on.ts");

/**
 * @param type the plugin's name, as in `type` of a configuration
 * @returns a promise only where something outside of this process is waited for
 */
export function pluginMain(type: string, verbs: Verbs): void | Promise<void> {
  let stdin: Uint8Array | undefined;
  const read = (): Uint8Array => {
    stdin ??= readStdin();
    return stdin;
  };
  const input = { env: process.env, stdin: read, verbs, about: { type, version } };
  const outcome = run(input);
  if (outcome.remedy === undefined && outcome.followUp === undefined) return finish(outcome);
  return waiting().runOn(input, outcome).then(finish);
}

function finish(outcome: Outcome): void {
  // Nobody may be listening to stderr; that is no reason to fail.
  print(2, outcome.stderr);
  const told = print(1, outcome.stdout);
  process.exitCode = told ? outcome.exitCode : 1;
}

/** @returns whether all of it was taken */
function print(fd: number, text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeFile(fd, bytes.subarray(at));
    } catch (error) {
      if (!isErrno(error, "EAGAIN")) return false;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
  return true;
}
