/** `vswitch completion`. */
import type { CommandModule } from "yargs";
import { completionScript, type Shell, shellOf, shells } from "../completion/scripts.ts";
import { jsonOption } from "../options.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly shell: Shell | undefined;
  readonly json: boolean;
}

export function completionCommand(terminal: Terminal): CommandModule<object, Options> {
  return {
    command: "completion [shell]",
    describe: "Print a completion script for bash, zsh or fish",
    builder: (yargs) =>
      yargs
        .positional("shell", { choices: shells, describe: "Else the one that SHELL names" })
        .option("json", jsonOption)
        .example(
          "source <($0 completion bash)",
          "for this shell: names of networks, endpoints and ports complete",
        )
        .example("$0 completion zsh > /usr/local/share/zsh/site-functions/_vswitch", "for all"),
    handler: ({ shell = shellOf(process.env.SHELL), json }) => {
      const script = completionScript(shell);
      terminal.print(json ? JSON.stringify({ shell, script }) : script);
    },
  };
}
