/** `vswitch node`. */
import type { CommandModule } from "yargs";
import { clusterOptions } from "../cluster/access.ts";
import type { NodeOptions } from "../cluster/node.ts";
import type { Session } from "../terminal.ts";

export function nodeCommand(session: Session): CommandModule<object, NodeOptions> {
  return {
    command: "node <action> [node]",
    describe: "Hosts of a directory in etcd, and one that is gone for good",
    builder: (yargs) =>
      yargs
        .positional("action", { choices: ["list", "remove"], demandOption: true, describe: "What to do" })
        .positional("node", { type: "string", describe: "Its name, or uid" })
        .options(clusterOptions)
        .option("yes", { type: "boolean", default: false, describe: "Its containers are stopped" })
        .option("force", { type: "boolean", default: false, describe: "Also when its agent is alive" })
        .example("$0 node list", "who has how many blocks, and whose agent runs")
        .example("$0 node remove old-host --yes", "its blocks are everybody's again"),
    handler: async (options) => {
      const { node } = await import("../cluster/node.ts");
      await node(options, session);
    },
  };
}
