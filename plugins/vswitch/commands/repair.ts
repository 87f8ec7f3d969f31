/** `vswitch repair`. */
import type { CommandModule } from "yargs";
import { type CommonOptions, commonOptions, resultsDirOption } from "../options.ts";
import type { Session } from "../terminal.ts";

interface Options extends CommonOptions {
  readonly endpoint: string[] | undefined;
  readonly "dry-run": boolean;
  readonly "results-dir": string;
}

export function repairCommand(session: Session): CommandModule<object, Options> {
  return {
    command: "repair [endpoint..]",
    describe: "Make endpoints again what was planned, while their containers run",
    builder: (yargs) =>
      yargs
        .positional("endpoint", { type: "string", array: true, describe: "Endpoints or networks; none: all" })
        .options({ ...commonOptions, "results-dir": resultsDirOption })
        .option("dry-run", {
          type: "boolean",
          alias: "n",
          default: false,
          describe: "Only say what would be done",
        })
        .example("$0 repair --dry-run", "what differs, and by what it would be mended")
        .example("$0 repair", "all endpoints, after a firewall was restarted for instance")
        .example("$0 repair nat/web/eth0", "one")
        .epilogue(
          "Exit codes: 0 as planned now, 1 something differs still or failed, 2 the call's words are off.",
        ),
    handler: async ({ endpoint, ...options }) => {
      const { repair } = await import("../repair/repair.ts");
      await repair({ ...options, targets: endpoint ?? [] }, session);
    },
  };
}
