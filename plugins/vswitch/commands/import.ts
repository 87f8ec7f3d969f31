/** `vswitch import host-local`: takes over the leases of the reference IPAM. */
import { resolve } from "node:path";
import type { CommandModule } from "yargs";
import { readBootId } from "../../../lib/state/boot-id.ts";
import { importHostLocal } from "../../../lib/state/import-host-local.ts";
import { openStore } from "../../../lib/state/store.ts";
import { type CommonOptions, commonOptions } from "../options.ts";
import type { Terminal } from "../terminal.ts";

interface Options extends CommonOptions {
  readonly from: string;
  readonly dir: string;
  readonly network: string;
}

export function importCommand(terminal: Terminal): CommandModule<object, Options> {
  return {
    command: "import <from> <dir>",
    describe: "Take over the leases of another IPAM",
    builder: (yargs) =>
      yargs
        .positional("from", { choices: ["host-local"], demandOption: true, describe: "Whose leases" })
        .positional("dir", {
          type: "string",
          demandOption: true,
          describe: "Folder with one file per address",
        })
        .option("network", {
          type: "string",
          demandOption: true,
          requiresArg: true,
          describe: "Name of the network",
        })
        .options(commonOptions)
        .example(
          "$0 import host-local /var/lib/cni/networks/podman --network podman",
          "may run again, and while it is in use",
        ),
    handler: (argv) => {
      const store = openStore({
        dataDir: resolve(argv["data-dir"]),
        bootId: readBootId(),
        now: Date.now,
        warn: (text) => terminal.complain(`vswitch: ${text}`),
      });
      try {
        const report = importHostLocal({ folder: argv.dir, network: argv.network }, store);
        const { imported, known, unknown, skipped } = report;
        const summary = `${imported} leases imported (${unknown} of unknown owners), ${known} known already, ${skipped.length} skipped`;
        terminal.print(
          argv.json ? JSON.stringify(report) : [summary, ...skipped.map((line) => `  ${line}`)].join("\n"),
        );
      } finally {
        store.close();
      }
    },
  };
}
