/** The command line of the operator's tool: commands, help, exit codes. */
import yargs from "yargs";
import { CniError } from "../../lib/cni/error.ts";
import { version } from "../../lib/cni/main.ts";
import { importCommand } from "./commands/import.ts";
import { installCommand } from "./commands/install.ts";

/** Where the tool writes. */
export interface Terminal {
  print(text: string): void;
  complain(text: string): void;
}

/** @returns the exit code: 0 done, 1 failed, 2 the call's words are off */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  const cli = yargs()
    .scriptName("vswitch")
    .usage("$0 COMMAND [OPTIONS]\n\nThe operator's tool of vswitch-cni.")
    .option("json", { type: "boolean", default: false, describe: "Print JSON for programs" })
    .command(installCommand(terminal))
    .command(importCommand(terminal))
    .completion("completion", "Print a completion script for bash or zsh")
    .version(version)
    .demandCommand(1, "Which command?")
    .strict()
    .help()
    .wrap(100)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(message);
    });
  try {
    await cli.parseAsync([...args], {}, (_error, _argv, output) => {
      if (output !== "") terminal.print(output);
    });
    return 0;
  } catch (error) {
    terminal.complain(describe(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

/** The call's words are off. */
class UsageError extends Error {}

function describe(error: unknown): string {
  if (error instanceof UsageError) return `vswitch: ${error.message}\nvswitch --help lists what there is.`;
  if (!(error instanceof Error)) return `vswitch: ${String(error)}`;
  const details = error instanceof CniError && error.details !== undefined ? `\n${error.details}` : "";
  return `vswitch: ${error.message}${details}`;
}
