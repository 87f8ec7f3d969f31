/** `vswitch support-bundle`. */
import type { CommandModule } from "yargs";
import {
  binDirOption,
  type CommonOptions,
  commonOptions,
  confDirOption,
  resultsDirOption,
} from "../options.ts";
import type { Session } from "../terminal.ts";

interface Options extends CommonOptions {
  readonly output: string | undefined;
  readonly "with-addresses": boolean;
  readonly "conf-dir": string;
  readonly "bin-dir": string[];
  readonly "results-dir": string;
}

export function supportBundleCommand(session: Session): CommandModule<object, Options> {
  return {
    command: "support-bundle",
    describe: "One redacted file for a bug report",
    builder: (yargs) =>
      yargs
        .options({
          ...commonOptions,
          "conf-dir": confDirOption,
          "bin-dir": binDirOption,
          "results-dir": resultsDirOption,
        })
        .option("output", {
          type: "string",
          alias: "o",
          requiresArg: true,
          describe: "The file, - for standard output; else one with the time in its name, here",
        })
        .option("with-addresses", {
          type: "boolean",
          default: false,
          describe: "Addresses as they are; else those of the outside are pseudonyms",
        })
        .example("$0 support-bundle", "lists what is inside before it writes")
        .example("$0 support-bundle -o - | tar tvz", "look at it and write nothing")
        .example("ssh HOST vswitch support-bundle -o - > host.tar.gz", "from afar"),
    handler: async ({ output, ...options }) => {
      const { supportBundle } = await import("../bundle/bundle.ts");
      await supportBundle({ ...options, ...(output === undefined ? {} : { output }) }, session);
    },
  };
}
