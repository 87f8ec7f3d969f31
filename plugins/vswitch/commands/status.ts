/** `vswitch status`. */
import type { CommandModule } from "yargs";
import { type CommonOptions, commonOptions } from "../options.ts";
import type { Session } from "../terminal.ts";

export function statusCommand(session: Session): CommandModule<object, CommonOptions> {
  return {
    command: "status",
    describe: "Say what is degraded, and since when: directories, other hosts, blocks, the agent",
    builder: (yargs) =>
      yargs
        .options(commonOptions)
        .example("$0 status", "what is wrong first, then a line for each network; changes nothing")
        .example("$0 status --json | jq .complaints", "for programs")
        .epilogue("Exit codes: 0 all is well, 1 something is degraded, 2 the call's words are off."),
    handler: async (options) => {
      const { status } = await import("../status/status.ts");
      status(options, session);
    },
  };
}
