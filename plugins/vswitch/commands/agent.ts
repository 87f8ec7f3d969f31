/** `vswitch agent`. */
import type { CommandModule } from "yargs";
import { type CommonOptions, commonOptions, resultsDirOption } from "../options.ts";
import type { Session } from "../terminal.ts";

interface Options extends CommonOptions {
  readonly interval: number;
  readonly settle: number;
  readonly once: boolean;
  readonly "results-dir": string;
  readonly "cni-conf-dir": string | undefined;
}

export function agentCommand(session: Session): CommandModule<object, Options> {
  return {
    command: "agent",
    describe: "Stay, watch, and mend what drifts",
    builder: (yargs) =>
      yargs
        .options({ ...commonOptions, "results-dir": resultsDirOption })
        .option("json", {
          type: "boolean",
          default: false,
          describe: "One line of JSON for each thing that happens",
        })
        .option("interval", {
          type: "number",
          requiresArg: true,
          default: 60,
          describe:
            "Seconds between two looks at everything, compartments too; changes of the host are seen at once",
        })
        .option("settle", {
          type: "number",
          requiresArg: true,
          default: 0.3,
          describe: "Seconds that a change settles before it is looked at",
        })
        .option("cni-conf-dir", {
          type: "string",
          requiresArg: true,
          describe:
            "Folder of configurations: networks with a directory are joined before any container is on them",
        })
        .option("once", {
          type: "boolean",
          default: false,
          describe: "Look once, as vswitch repair does, and end",
        })
        .example("$0 agent", "until SIGTERM; after nft flush ruleset all rules come back by themselves")
        .example(
          "$0 agent --cni-conf-dir /etc/cni/net.d",
          "hosts without containers are hosts of their networks, too",
        )
        .example("cp conf-examples/vswitch-agent.service /etc/systemd/system/", "as a service of the host"),
    handler: async (options) => {
      const { agent } = await import("../agent/agent.ts");
      await agent(options, session);
    },
  };
}
