/** `vswitch run`. */
import type { CommandModule } from "yargs";
import { type CommonOptions, commonOptions, confDirOption } from "../options.ts";
import { type Session, UsageError } from "../terminal.ts";

interface Options extends CommonOptions {
  /** What stands behind it. */
  readonly "--"?: string[];
  readonly net: string | undefined;
  readonly remove: string | undefined;
  readonly publish: string[];
  readonly ip: string[];
  readonly name: string | undefined;
  readonly ifname: string;
  readonly keep: boolean;
  readonly quiet: boolean;
  readonly "conf-dir": string;
  readonly "bin-dir": string[];
}

export function runCommand(session: Session): CommandModule<object, Options> {
  return {
    command: "run",
    describe: "Run a command, after --, in a new compartment on a network",
    builder: (yargs) =>
      yargs
        .usage("$0 run --net NETWORK [OPTIONS] [-- COMMAND [WORDS...]]\n\nWithout a command: a shell.")
        .options(commonOptions)
        .option("net", {
          type: "string",
          requiresArg: true,
          describe: "A network, or a file with its configuration",
        })
        .option("publish", {
          type: "string",
          array: true,
          nargs: 1,
          alias: "p",
          default: [] as string[],
          describe: "Port of the host that leads to one of the command: [ADDRESS:]8080:80[/tcp]",
        })
        .option("ip", {
          type: "string",
          array: true,
          nargs: 1,
          default: [] as string[],
          describe: "The address to have",
        })
        .option("name", {
          type: "string",
          requiresArg: true,
          describe: "Id of the container; else one of its own",
        })
        .option("ifname", {
          type: "string",
          requiresArg: true,
          default: "eth0",
          describe: "Name of its interface",
        })
        .option("keep", {
          type: "boolean",
          default: false,
          describe: "Leave it attached when the command has ended",
        })
        .option("remove", {
          type: "string",
          requiresArg: true,
          describe: "Remove one that was kept, and nothing else",
        })
        .option("quiet", {
          type: "boolean",
          alias: "q",
          default: false,
          describe: "Say nothing of addresses",
        })
        .option("conf-dir", confDirOption)
        .option("bin-dir", {
          type: "string",
          array: true,
          nargs: 1,
          default: [] as string[],
          describe: "Where plugins are; else beside this executable, /opt/cni/bin, /usr/lib/cni",
        })
        .example("$0 run --net nat -- sh", "a shell in a compartment of its own")
        .example("$0 run --net nat -p 8080:80 -- python3 -m http.server 80", "published on the host")
        .example(
          "$0 run --net ./mine.conflist -q -- ip address; echo $?",
          "a configuration that is to be tried",
        )
        .example("$0 run --net nat --keep --name lab -- true", "to stay; --remove lab ends it")
        .epilogue(
          "Only the network is its own: files, processes and users are the host's. Ends as the command ends.",
        ),
    handler: async ({ "--": command, net, remove, name, ...options }) => {
      const { removeById, run } = await import("../run/run.ts");
      if (remove !== undefined) return removeById(remove, session);
      if (net === undefined) throw new UsageError("--net is missing: which network?");
      await run(
        { ...options, net, ...(name === undefined ? {} : { name }), command: command ?? [] },
        session,
      );
    },
  };
}
