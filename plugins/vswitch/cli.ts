/** The command line of the operator's tool: commands, help, exit codes. */
import yargs, { type Argv } from "yargs";
import { CniError } from "../../lib/cni/error.ts";
import { version } from "../../lib/cni/main.ts";
import { agentCommand } from "./commands/agent.ts";
import { captureCommand } from "./commands/capture.ts";
import { checkCommand } from "./commands/check.ts";
import { completionCommand } from "./commands/completion.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { gcCommand } from "./commands/gc.ts";
import { graphCommand } from "./commands/graph.ts";
import { guestConfigCommand } from "./commands/guest-config.ts";
import { importCommand } from "./commands/import.ts";
import { installCommand } from "./commands/install.ts";
import { networkCommand } from "./commands/network.ts";
import { nodeCommand } from "./commands/node.ts";
import { repairCommand } from "./commands/repair.ts";
import { runCommand } from "./commands/run.ts";
import { showCommand } from "./commands/show.ts";
import { statsCommand } from "./commands/stats.ts";
import { statusCommand } from "./commands/status.ts";
import { supportBundleCommand } from "./commands/support-bundle.ts";
import { traceCommand } from "./commands/trace.ts";
import { askingWord } from "./completion/scripts.ts";
import { dataDirOption, jsonOption } from "./options.ts";
import { type Session, type Terminal, UsageError } from "./terminal.ts";

/** @returns the exit code: 0 done, 1 failed or drift found, 2 the call's words are off */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  const session: Session = {
    ...terminal,
    exitWith: (code) => {
      exitCode = code;
    },
  };
  if (args[0] === askingWord) {
    await answerShell(args.slice(1), session);
    return exitCode;
  }
  const cli = yargs()
    .scriptName("vswitch")
    // What stands behind -- is a command of its own.
    .parserConfiguration({ "populate--": true })
    .usage("$0 COMMAND [OPTIONS]\n\nThe operator's tool of vswitch-cni.")
    .option("json", jsonOption);
  defineCommands(cli, session)
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
    return exitCode;
  } catch (error) {
    terminal.complain(describe(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

/** In the order in which --help lists them. */
function defineCommands(cli: Argv, session: Session): Argv {
  return cli
    .command(runCommand(session))
    .command(showCommand(session))
    .command(statusCommand(session))
    .command(checkCommand(session))
    .command(repairCommand(session))
    .command(gcCommand(session))
    .command(statsCommand(session))
    .command(captureCommand(session))
    .command(traceCommand(session))
    .command(graphCommand(session))
    .command(guestConfigCommand(session))
    .command(doctorCommand(session))
    .command(supportBundleCommand(session))
    .command(agentCommand(session))
    .command(nodeCommand(session))
    .command(networkCommand(session))
    .command(installCommand(session))
    .command(importCommand(session))
    .command(completionCommand(session));
}

/** What may stand at the cursor, a line each. */
async function answerShell(words: readonly string[], session: Session): Promise<void> {
  const { commandWords } = await import("./completion/command-words.ts");
  const { complete } = await import("./completion/complete.ts");
  const commands = commandWords((cli) => defineCommands(cli, session));
  const found = complete(words, dataDirOption.default, commands);
  if (found.length > 0) session.print(found.join("\n"));
}

function describe(error: unknown): string {
  if (error instanceof UsageError) return `vswitch: ${error.message}\nvswitch --help lists what there is.`;
  if (!(error instanceof Error)) return `vswitch: ${String(error)}`;
  const details = error instanceof CniError && error.details !== undefined ? `\n${error.details}` : "";
  return `vswitch: ${error.message}${details}`;
}
