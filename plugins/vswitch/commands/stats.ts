/** `vswitch stats`. */
import type { CommandModule } from "yargs";
import { type CommonOptions, commonOptions } from "../options.ts";
import type { Session } from "../terminal.ts";

interface Options extends CommonOptions {
  readonly endpoint: string[] | undefined;
  readonly watch: boolean;
  readonly interval: number;
  readonly count: number | undefined;
}

export function statsCommand(session: Session): CommandModule<object, Options> {
  return {
    command: "stats [endpoint..]",
    describe: "Packets, bytes and drops of ports, by the layer that dropped",
    builder: (yargs) =>
      yargs
        .positional("endpoint", {
          type: "string",
          array: true,
          describe: "Endpoints or networks; none: all ports",
        })
        .options(commonOptions)
        .option("json", { type: "boolean", default: false, describe: "One line of JSON per sample" })
        .option("watch", { type: "boolean", alias: "w", default: false, describe: "Rates, again and again" })
        .option("interval", {
          type: "number",
          requiresArg: true,
          default: 1,
          describe: "Seconds between two samples",
        })
        .option("count", {
          type: "number",
          requiresArg: true,
          describe: "End after so many samples; watches",
        })
        .example("$0 stats", "totals since the ports were made")
        .example("$0 stats --watch", "a live table; Ctrl-C ends it")
        .example("$0 stats nat --watch --interval 10 >> nat.log", "a line per port and sample"),
    handler: async ({ endpoint, count, watch, ...options }) => {
      const { stats } = await import("../stats/stats.ts");
      const counted = count === undefined ? {} : { count };
      await stats(
        { ...options, ...counted, watch: watch || count !== undefined, targets: endpoint ?? [] },
        session,
      );
    },
  };
}
