/** Runs the built `vswitch` on a throw-away host. */
import { join } from "node:path";
import type { Child } from "./child.ts";
import type { CommandOutcome } from "./command.ts";
import { binDir, type NatLab } from "./nat-lab.ts";

export interface Tool {
  /** Runs a command to its end, whatever its exit code. */
  (...words: readonly string[]): Promise<CommandOutcome>;
  /** A command that must end with 0 and says JSON. */
  json(...words: readonly string[]): Promise<unknown>;
  /** Starts one that goes on until it is stopped. */
  start(...words: readonly string[]): Child;
  /** The words that start it, for a shell. */
  words(...words: readonly string[]): readonly string[];
}

/** With the state of the lab. */
export function toolOf(lab: NatLab): Tool {
  const env = { VSWITCH_DATA_DIR: lab.dataDir };
  const words = (...rest: readonly string[]) => [join(binDir, "vswitch"), ...rest];
  const run = (...rest: readonly string[]) => lab.host.run(lab.host.ns, words(...rest), { env });
  return Object.assign(run, {
    json: async (...rest: readonly string[]) => {
      const done = await run(...rest, "--json");
      if (done.exitCode !== 0)
        throw new Error(`vswitch ${rest.join(" ")}: exit ${done.exitCode}: ${done.stdout}${done.stderr}`);
      return JSON.parse(done.stdout) as unknown;
    },
    start: (...rest: readonly string[]) => lab.host.start(lab.host.ns, words(...rest), env),
    words,
  });
}
