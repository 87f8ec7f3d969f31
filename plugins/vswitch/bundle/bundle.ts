/** `vswitch support-bundle`: one file for a bug report, without what is nobody's business. */
import { isatty } from "node:tty";
import { networkOf, type Prefix } from "../../../lib/addr/prefix.ts";
import { isOverlay } from "../../../lib/model/switch.ts";
import type { NetworkSpec } from "../../../lib/verbs/network-spec.ts";
import type { ExamineOptions } from "../doctor/examine.ts";
import { formatBytes, formatTable } from "../format.ts";
import { type Host, withHost } from "../host.ts";
import type { CommonOptions } from "../options.ts";
import { type Session, UsageError } from "../terminal.ts";
import { writeFile } from "../write-file.ts";
import { writeStdout } from "../write-stdout.ts";
import { entryName } from "./entry-name.ts";
import { type BundleFile, bundleFiles } from "./files.ts";
import { pseudonymiser } from "./pseudonyms.ts";
import { tarArchive } from "./tar.ts";

export interface SupportBundleOptions extends CommonOptions, ExamineOptions {
  /** `-`: standard output. */
  readonly output?: string;
  readonly "with-addresses": boolean;
}

const stdout = 1;

export async function supportBundle(options: SupportBundleOptions, session: Session): Promise<void> {
  const now = new Date();
  const output = options.output ?? `vswitch-support-${now.toISOString().replace(/[-:]|\.\d+/g, "")}.tar.gz`;
  if (output === "-" && isatty(stdout))
    throw new UsageError("an archive is not for a terminal: vswitch support-bundle -o - > FILE.tar.gz");
  const warnings: string[] = [];
  const warn = (text: string): void => {
    session.complain(`vswitch: ${text}`);
    warnings.push(text);
  };
  const files = await withHost({ dataDir: options["data-dir"], warn }, (host) =>
    collect(host, options, warnings),
  );
  session.complain(listing(files, output));
  const entries = files.map(({ name, text }) => ({
    name: entryName(name),
    bytes: new TextEncoder().encode(text),
  }));
  write(Bun.gzipSync(tarArchive(entries, now.getTime() / 1000)), output);
  if (options.json)
    session.print(JSON.stringify({ file: output, files: files.map(({ name, what }) => ({ name, what })) }));
}

async function collect(
  host: Host,
  options: SupportBundleOptions,
  warnings: readonly string[],
): Promise<readonly BundleFile[]> {
  const files = await bundleFiles(host, options, warnings);
  if (options["with-addresses"]) return [readMe("Addresses are as they are on the host."), ...files];
  const own = host.store.networks
    .list()
    .flatMap(({ name, spec }) => [...subnetsOf(spec as NetworkSpec), ...subnetsElsewhere(host, name)]);
  // Of this bundle alone, and in nobody's hands.
  const hide = pseudonymiser(crypto.randomUUID(), own);
  return [
    readMe(
      "Addresses outside our own networks, and hardware addresses, are pseudonyms: 240.0.0.0/4 and 2001:db8::/32 stand\n" +
        "for others. The same address has the same pseudonym in all files, and those of one subnet share their prefix.",
    ),
    ...files.map((file) => (file.verbatim ? file : { ...file, text: hide(file.text) })),
  ];
}

const subnetsOf = ({ switch: vswitch, automatic }: NetworkSpec): readonly Prefix[] => [
  ...vswitch.gateways.map(networkOf),
  ...(isOverlay(vswitch) ? vswitch.cidrs : []),
  ...(automatic === undefined ? [] : [automatic]),
];

const subnetsElsewhere = ({ store }: Host, network: string): readonly Prefix[] =>
  (store.directories.get(network)?.peers ?? []).flatMap(({ subnets }) => subnets);

function readMe(addresses: string): BundleFile {
  const text = `What vswitch support-bundle found on a host, to go with a bug report.

${addresses}
Secrets of configurations are left out. There is nothing of the environment, of processes, or of what passed the wire.
Names of containers, networks and files are as they are.
`;
  return { name: "README.txt", what: "how to read this", text };
}

function listing(files: readonly BundleFile[], output: string): string {
  const rows = files.map(({ name, what, text }) => [name, formatBytes(Buffer.byteLength(text)), what]);
  const where = output === "-" ? "standard output" : output;
  return [`into ${where}:`, formatTable(rows, { indent: "  ", right: [1] })].join("\n");
}

function write(archive: Uint8Array, output: string): void {
  if (output === "-") {
    writeStdout(archive);
    return;
  }
  writeFile(output, archive, { mode: 0o600, flag: "wx" });
}
