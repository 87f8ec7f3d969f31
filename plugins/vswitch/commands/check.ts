/** `vswitch check`. */
import type { CommandModule } from "yargs";
import { type CommonOptions, commonOptions, resultsDirOption } from "../options.ts";
import type { Session } from "../terminal.ts";

interface Options extends CommonOptions {
  readonly endpoint: string[] | undefined;
  readonly "results-dir": string;
}

export function checkCommand(session: Session): CommandModule<object, Options> {
  return {
    command: "check [endpoint..]",
    describe: "Compare endpoints with what was planned, and name what differs",
    builder: (yargs) =>
      yargs
        .positional("endpoint", {
          type: "string",
          array: true,
          describe: "Endpoints or networks; none: all",
        })
        .options({ ...commonOptions, "results-dir": resultsDirOption })
        .example("$0 check", "all endpoints; exit code 1 when anything differs")
        .example("$0 check nat/web/eth0 10.88.0.5", "these")
        .epilogue("Exit codes: 0 as planned, 1 something differs or failed, 2 the call's words are off."),
    handler: async ({ endpoint, ...options }) => {
      const { check } = await import("../check/check.ts");
      await check({ ...options, targets: endpoint ?? [] }, session);
    },
  };
}
