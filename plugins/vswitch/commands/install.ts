/** `vswitch install`: puts the executable into a runtime's folder under the name of every plugin. */
import type { CommandModule } from "yargs";
import type { Terminal } from "../cli.ts";
import { installPlugins } from "../install.ts";

interface Options {
  readonly "bin-dir": string;
  readonly prefix: boolean;
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
        .option("prefix", {
          type: "boolean",
          default: false,
          describe: "Also as vswitch-nat, vswitch-ipam ...: names that cannot clash in a shared folder",
        })
        .option("json", { type: "boolean", default: false, describe: "Print JSON for programs" })
        .example("$0 install --bin-dir /opt/cni/bin", "for containerd and CRI-O")
        .example("$0 install --bin-dir /usr/lib/cni --prefix", "for podman on Debian, with aliases"),
    handler: (argv) => {
      const report = installPlugins({
        source: process.execPath,
        binDir: argv["bin-dir"],
        prefixed: argv.prefix,
      });
      const lines = report.map(({ file, change }) => `${change.padEnd(9)} ${file}`);
      terminal.print(argv.json ? JSON.stringify(report) : lines.join("\n"));
    },
  };
}
