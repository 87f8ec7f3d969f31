/** `vswitch trace`. */
import type { CommandModule } from "yargs";
import { type CommonOptions, commonOptions } from "../options.ts";
import { type Session, UsageError } from "../terminal.ts";
import { type TraceFormat, traceFormats } from "../trace/formats.ts";
import { type TraceProtocol, traceProtocols } from "../trace/protocols.ts";

interface Options extends CommonOptions {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly proto: TraceProtocol | undefined;
  readonly sport: number | undefined;
  readonly bytes: number | undefined;
  readonly ttl: number | undefined;
  readonly state: "new" | "established";
  readonly "spoof-source": string | undefined;
  readonly "spoof-mac": string | undefined;
  readonly format: TraceFormat | undefined;
  readonly minimal: boolean;
  readonly detailed: boolean;
  readonly output: string | undefined;
  readonly scene: string | undefined;
  readonly peer: string[];
  readonly live: boolean;
  readonly "diff-kernel": boolean;
  readonly tag: string | undefined;
  readonly await: string | undefined;
  readonly wait: number;
}

const text = { type: "string", requiresArg: true } as const;
const number = { type: "number", requiresArg: true } as const;
const flag = { type: "boolean", default: false } as const;

export function traceCommand(session: Session): CommandModule<object, Options> {
  return {
    command: "trace",
    describe: "Why does this packet (not) arrive? Stage by stage, with the remedy",
    builder: (yargs) =>
      yargs
        .option("from", {
          ...text,
          describe: "Sender: an endpoint (owner, id, port, address), host, or an address beyond the host",
        })
        .option("to", {
          ...text,
          describe: "ADDRESS[:PORT], [ADDRESS]:PORT or ENDPOINT[:PORT]",
        })
        .option("proto", { choices: traceProtocols, describe: "Default: tcp with a port, else icmp" })
        .option("sport", { ...number, describe: "Source port; else 40000" })
        .option("bytes", { ...number, describe: "Size of the IP packet; else small enough for any link" })
        .option("ttl", { ...number, describe: "Hops left; else enough" })
        .option("state", {
          choices: ["new", "established"] as const,
          default: "new" as const,
          describe: "Of the connection: its first packet, or a later one",
        })
        .option("spoof-source", { ...text, describe: "Source address, though it is not the sender's" })
        .option("spoof-mac", { ...text, describe: "Source MAC, though it is not the sender's" })
        .option("format", { choices: traceFormats, describe: "Default: text" })
        .option("minimal", { ...flag, describe: "Byte-stable text, a line for each stage" })
        .option("detailed", { ...flag, describe: "What each stage looked up, and who wrote it" })
        .option("output", { ...text, alias: "o", describe: "File to write; else it is printed" })
        .option("scene", { ...text, describe: "A scene in this file of JSON instead of this host" })
        .option("peer", {
          ...text,
          array: true,
          default: [] as string[],
          describe: "Scene of another host (vswitch show --scene), or folder of its state: the far switch",
        })
        .option("live", { ...flag, describe: "Also send a marked packet, and tell where the kernel differs" })
        .option("tag", { ...text, describe: "Of --live: by which the packet is known on another host" })
        .option("await", {
          type: "string",
          describe: "Watch for a probe of another host, by its tag, and tell where it arrives",
        })
        .option("wait", { ...number, default: 60, describe: "Seconds that --await waits" })
        .option("diff-kernel", {
          ...flag,
          describe: "Also compare what the model took from plans with the kernel: missing, different, extra",
        })
        .conflicts("await", ["from", "to", "tag", "scene"])
        .options(commonOptions)
        .epilogue(
          "Exit codes: 0 it arrives or leaves the host, 3 dropped, 4 not sure, 5 the kernel differs (--live, --diff-kernel), 2 the call's words are off.",
        )
        .example("$0 trace --from nat/web --to 192.0.2.7:443", "from a container to the world")
        .example("$0 trace --from 198.51.100.7 --to 192.0.2.10:8080", "to a published port, from outside")
        .example("$0 trace --from web --to db:5432 --detailed", "what was looked up, and who wrote it")
        .example("$0 trace --from web --to 10.40.2.5:80 --peer host2.json", "and on at another host")
        .example("$0 trace --from web --to db:5432 --live", "model and kernel side by side")
        .example("$0 trace --await 4a3f", "on the far host; the sender adds --live --tag 4a3f")
        .example("$0 trace --from web --to db --format svg -o path.svg", "a picture for any browser"),
    handler: async (argv) => {
      const { await: awaited, from, to } = argv;
      if (awaited !== undefined) {
        const { awaitProbe } = await import("../live/await.ts");
        return awaitProbe({ ...argv, await: awaited }, session);
      }
      if (from === undefined || to === undefined)
        throw new UsageError("both ends are needed: --from and --to");
      const { trace } = await import("../trace/command.ts");
      await trace({ ...argv, from, to }, session);
    },
  };
}
