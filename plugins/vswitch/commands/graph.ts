/** `vswitch graph`. */
import type { CommandModule } from "yargs";
import { type GraphFormat, graphFormats } from "../graph/formats.ts";
import { type CommonOptions, commonOptions } from "../options.ts";
import type { Session } from "../terminal.ts";

interface Options extends CommonOptions {
  readonly network: readonly string[] | undefined;
  readonly format: GraphFormat;
  readonly output: string | undefined;
  readonly title: boolean;
  readonly scene: string | undefined;
}

export function graphCommand(session: Session): CommandModule<object, Options> {
  return {
    command: "graph [network..]",
    describe: "A picture of host, switches, ports and compartments",
    builder: (yargs) =>
      yargs
        .positional("network", { type: "string", array: true, describe: "Only these networks" })
        .option("format", {
          choices: graphFormats,
          default: "svg" as const,
          describe: "svg: one file for any browser; --json is json",
        })
        .option("output", {
          alias: "o",
          type: "string",
          requiresArg: true,
          describe: "File to write; else it is printed",
        })
        .option("title", {
          type: "boolean",
          default: false,
          describe: "With the host's name and the time above it",
        })
        .option("scene", {
          type: "string",
          requiresArg: true,
          describe: "Of a scene in this file of JSON instead of this host",
        })
        .options(commonOptions)
        .example("$0 graph -o host.svg", "open it in a browser; texts show more where the pointer rests")
        .example("$0 graph --format mermaid nat", "one network, for a wiki or an issue")
        .example("$0 graph --format dot | dot -Tpdf > host.pdf", "with Graphviz"),
    handler: async ({ network = [], ...options }) => {
      const { graph } = await import("../graph/command.ts");
      await graph({ ...options, networks: network.map(String) }, session);
    },
  };
}
