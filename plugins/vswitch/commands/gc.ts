/** `vswitch gc`. */
import type { CommandModule } from "yargs";
import { type CommonOptions, commonOptions, resultsDirOption } from "../options.ts";
import type { Session } from "../terminal.ts";

interface Options extends CommonOptions {
  readonly network: string | undefined;
  readonly "dry-run": boolean;
  readonly switches: boolean;
  readonly "results-dir": string;
}

export function gcCommand(session: Session): CommandModule<object, Options> {
  return {
    command: "gc",
    describe: "Remove what is left of containers that are gone",
    builder: (yargs) =>
      yargs
        .options({ ...commonOptions, "results-dir": resultsDirOption })
        .option("network", { type: "string", requiresArg: true, describe: "Only what is of this network" })
        .option("dry-run", {
          type: "boolean",
          alias: "n",
          default: false,
          describe: "Only say what would be removed",
        })
        .option("switches", {
          type: "boolean",
          default: false,
          describe: "Also switches that no endpoint is on; networks keep their definition",
        })
        .example("$0 gc --dry-run", "what is left behind, and what only looks so, with reasons")
        .example("$0 gc --network nat", "of one network")
        .example("$0 gc --switches", "before the plugins are taken off this host")
        .epilogue("Exit codes: 0 done, 1 something could not be removed, 2 the call's words are off."),
    handler: async ({ network, ...options }) => {
      const { gc } = await import("../gc/gc.ts");
      await gc({ ...options, ...(network === undefined ? {} : { network }) }, session);
    },
  };
}
