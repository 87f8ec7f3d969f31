/** `vswitch capture`. */
import type { CommandModule } from "yargs";
import { type CommonOptions, commonOptions } from "../options.ts";
import type { Session } from "../terminal.ts";

interface Options extends CommonOptions {
  readonly target: string;
  readonly count: number | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly proto: string | undefined;
  readonly snaplen: number;
}

export function captureCommand(session: Session): CommandModule<object, Options> {
  return {
    command: "capture <target>",
    describe: "What passes a port, as pcap on standard output",
    builder: (yargs) =>
      yargs
        .positional("target", {
          type: "string",
          demandOption: true,
          describe: "An endpoint, a port, a network, its switch or its tunnel",
        })
        .options(commonOptions)
        .option("json", { type: "boolean", default: false, describe: "One line of JSON per frame, no pcap" })
        .option("count", { type: "number", requiresArg: true, describe: "End after so many frames" })
        .option("host", {
          type: "string",
          requiresArg: true,
          describe: "Only this address or prefix, at either end",
        })
        .option("port", { type: "number", requiresArg: true, describe: "Only this port, at either end" })
        .option("proto", {
          type: "string",
          requiresArg: true,
          describe: "Only arp, tcp, udp, icmp, sctp ...",
        })
        .option("snaplen", {
          type: "number",
          requiresArg: true,
          default: 262_144,
          describe: "Most bytes kept of a frame",
        })
        .example("$0 capture web | tcpdump -n -r -", "look on; Ctrl-C ends it")
        .example("$0 capture nat/web/eth0 --port 53 --count 20 > dns.pcap", "for Wireshark")
        .example("ssh HOST vswitch capture web | wireshark -k -i -", "look on from afar")
        .example("$0 capture nat --proto arp --json", "the switch itself, without tcpdump")
        .example("$0 capture vsx-blue | tcpdump -n -r -", "to and from other hosts of an overlay network"),
    handler: async ({ count, ...options }) => {
      const { capture } = await import("../capture/capture.ts");
      await capture({ ...options, ...(count === undefined ? {} : { count }) }, session);
    },
  };
}
