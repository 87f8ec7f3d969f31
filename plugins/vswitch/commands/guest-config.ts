/** `vswitch guest-config`. */
import type { CommandModule } from "yargs";
import { type GuestFormat, guestFormats } from "../guest/formats.ts";
import { type CommonOptions, commonOptions } from "../options.ts";
import type { Session } from "../terminal.ts";

interface Options extends CommonOptions {
  readonly container: string;
  readonly network: string | undefined;
  readonly ifname: string | undefined;
  readonly format: GuestFormat;
  readonly device: readonly string[] | undefined;
}

const text = { type: "string", requiresArg: true } as const;

export function guestConfigCommand(session: Session): CommandModule<object, Options> {
  return {
    command: "guest-config",
    describe: "What the guest of a VM-isolated container must apply to its NICs",
    builder: (yargs) =>
      yargs
        .option("container", {
          ...text,
          demandOption: true,
          describe: "Its id, or any name of an endpoint of it",
        })
        .option("network", { ...text, describe: "Only its NIC on this network" })
        .option("ifname", { ...text, describe: "Only its NIC of this name (CNI_IFNAME)" })
        .option("format", {
          choices: guestFormats,
          default: "json" as const,
          describe: "For programs; the kernel's command line; cloud-init; Windows' own for Linux guests",
        })
        .option("device", {
          ...text,
          array: true,
          describe:
            "Name of the NIC in the guest, once for each NIC: kernel-ip (else eth0, eth1), cloud-init",
        })
        .options(commonOptions)
        .example("$0 guest-config --container vm1", "JSON: MAC, addresses, routes, DNS, and the tap to open")
        .example("$0 guest-config --container vm1 --format kernel-ip", "for the guest kernel's command line")
        .example(
          "$0 guest-config --container vm1 --format cloud-init > network-config",
          "for a NoCloud seed",
        ),
    handler: async ({ device = [], ...options }) => {
      const { guestConfig } = await import("../guest/command.ts");
      await guestConfig({ ...options, device }, session);
    },
  };
}
