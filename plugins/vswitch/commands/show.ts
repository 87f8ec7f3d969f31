/** `vswitch show`. */
import type { CommandModule } from "yargs";
import { type CommonOptions, commonOptions } from "../options.ts";
import type { Session } from "../terminal.ts";

interface Options extends CommonOptions {
  readonly target: string | undefined;
  readonly scene: boolean;
}

export function showCommand(session: Session): CommandModule<object, Options> {
  return {
    command: "show [target]",
    describe: "Networks, endpoints, ports, effective policies, counters",
    builder: (yargs) =>
      yargs
        .positional("target", {
          type: "string",
          describe: "A network, or an endpoint: owner, id, port, address",
        })
        .option("scene", {
          type: "boolean",
          default: false,
          describe: "Print all that decides about packets here, for trace --peer and --scene elsewhere",
        })
        .options(commonOptions)
        .example("$0 show", "all networks and endpoints")
        .example("$0 show nat", "one network with its endpoints")
        .example("$0 show 4f6e1b", "one endpoint: its ACLs in the order in which they are judged")
        .example("$0 show --json | jq '.endpoints[].addresses'", "for programs")
        .example("$0 show --scene > host2.json", "for trace --peer host2.json on another host"),
    handler: async ({ target, ...options }) => {
      const { show } = await import("../show/show.ts");
      await show({ ...options, ...(target === undefined ? {} : { target }) }, session);
    },
  };
}
