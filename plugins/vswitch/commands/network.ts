/** `vswitch network`. */
import type { CommandModule } from "yargs";
import { clusterOptions } from "../cluster/access.ts";
import type { NetworkOptions } from "../cluster/network.ts";
import type { Session } from "../terminal.ts";

export function networkCommand(session: Session): CommandModule<object, NetworkOptions> {
  return {
    command: "network <action> [network] [block]",
    describe: "Networks of a directory in etcd, and blocks that are kept for a purpose",
    builder: (yargs) =>
      yargs
        .positional("action", { choices: ["list", "reserve"], demandOption: true, describe: "What to do" })
        .positional("network", { type: "string", describe: "Its name" })
        .positional("block", { type: "string", describe: "A block of it, or several that make one prefix" })
        .options(clusterOptions)
        .option("node", { type: "string", requiresArg: true, describe: "For whom, by name or uid" })
        .option("undo", { type: "boolean", default: false, describe: "It is reserved no more" })
        .example("$0 network list", "how many blocks are taken")
        .example("$0 network reserve blue 10.40.9.0/26", "for containers that ask for an address by name"),
    handler: async (options) => {
      const { network } = await import("../cluster/network.ts");
      await network(options, session);
    },
  };
}
