/** `vswitch doctor`. */
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
  readonly "conf-dir": string;
  readonly "bin-dir": string[];
  readonly "results-dir": string;
}

export function doctorCommand(session: Session): CommandModule<object, Options> {
  return {
    command: "doctor",
    describe: "Look for what is wrong with this host, and say how to mend it",
    builder: (yargs) =>
      yargs
        .options({
          ...commonOptions,
          "conf-dir": confDirOption,
          "bin-dir": binDirOption,
          "results-dir": resultsDirOption,
        })
        .example("$0 doctor", "the worst first, each with its remedy; changes nothing")
        .example("$0 doctor --json | jq '.[] | select(.severity == \"error\")'", "for programs")
        .epilogue(
          "Exit codes: 0 nothing worse than a note, 1 a warning or an error, 2 the call's words are off.",
        ),
    handler: async (options) => {
      const { doctor } = await import("../doctor/command.ts");
      await doctor(options, session);
    },
  };
}
