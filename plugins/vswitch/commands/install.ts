/** `vswitch install`: puts the executable into a runtime's folder under the name of every plugin. */
import type { CommandModule } from "yargs";
import { type InstallOptions, installPlugins } from "../install.ts";
import { jsonOption } from "../options.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly "bin-dir": string;
  readonly names: InstallOptions["names"];
  readonly json: boolean;
}

export function installCommand(terminal: Terminal): CommandModule<object, Options> {
  return {
    command: "install",
    describe: "Install the plugins into a folder of CNI plugins",
    builder: (yargs) =>
      yargs
        .option("bin-dir", {
          type: "string",
          default: "/opt/cni/bin",
          describe: "The runtime's plugin folder",
          requiresArg: true,
        })
        .option("names", {
          choices: ["plain", "prefixed", "both"] as const,
          default: "plain" as const,
          describe:
            "nat, ipam ...; or vswitch-nat, vswitch-ipam ..., which clash with nobody's in a shared folder; or both",
        })
        .option("json", jsonOption)
        .example("$0 install --bin-dir /opt/cni/bin", "for containerd and CRI-O")
        .example(
          "$0 install --bin-dir /usr/lib/cni --names prefixed",
          'beside other plugins: then "type": "vswitch-nat"',
        ),
    handler: (argv) => {
      const report = installPlugins({
        source: process.execPath,
        binDir: argv["bin-dir"],
        names: argv.names,
      });
      const lines = report.map(({ file, change }) => `${change.padEnd(9)} ${file}`);
      terminal.print(argv.json ? JSON.stringify(report) : lines.join("\n"));
    },
  };
}
