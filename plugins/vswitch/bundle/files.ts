/** What goes into a bundle, each as text; what cannot be had says why instead. */
import { release } from "node:os";
import { version } from "../../../lib/cni/main.ts";
import { checkOne } from "../check/check.ts";
import { rowReports } from "../check/rows.ts";
import type { ExamineOptions } from "../doctor/examine.ts";
import { hostFiles } from "../doctor/files.ts";
import { findingsOf } from "../doctor/findings-of.ts";
import { besideLinks, type Host, readScene } from "../host.ts";
import { configurationsIn } from "./configurations.ts";
import { sysctlsOf } from "./sysctls.ts";

export interface BundleFile {
  readonly name: string;
  readonly what: string;
  readonly text: string;
  /** Holds no addresses, only what looks like some: versions. */
  readonly verbatim?: true;
}

/** @param warnings what the state said while it was opened */
export async function bundleFiles(
  host: Host,
  options: ExamineOptions,
  warnings: readonly string[],
): Promise<readonly BundleFile[]> {
  const { store, backend } = host;
  return [
    {
      ...(await file("versions.json", "this program, its runtime, kernel, distribution", versions)),
      verbatim: true,
    },
    await file("state.json", "networks, endpoints with their plans, leases, other hosts", () => ({
      networks: store.networks.list(),
      endpoints: store.endpoints.list(),
      leases: store.leases.list(),
      directories: store.networks.list().flatMap(({ name }) => {
        const known = store.directories.get(name);
        return known === undefined ? [] : [{ network: name, ...known }];
      }),
    })),
    await file("scene.json", "interfaces, routes, neighbours, rules of other programs", () =>
      readScene(host),
    ),
    await file("nftables.txt", "our tables as they are in the kernel", () => backend.formatTables()),
    await file("marks.json", "what bears our mark in the kernel", () => backend.marks()),
    await file("counters.json", "what passed ports, and which layer dropped", () =>
      backend.observeCounters(besideLinks(host)),
    ),
    await file("sysctls.txt", "the kernel's settings that matter here", () => sysctlsOf(store)),
    await file("check.json", "endpoints against their plans, rows of other hosts", () => [
      ...store.endpoints.list().map((row) => checkOne(row, host, options["results-dir"])),
      ...rowReports(host),
    ]),
    await file("doctor.json", "what vswitch doctor finds", () => findingsOf(host, options, warnings)),
    ...(await Promise.all(
      configurationsIn(options["conf-dir"], hostFiles).map(({ name, read }) =>
        file(name, "a network's configuration, without secrets", read),
      ),
    )),
  ];
}

async function file(name: string, what: string, make: () => unknown): Promise<BundleFile> {
  const text = await told(make);
  return { name, what, text };
}

async function told(make: () => unknown): Promise<string> {
  try {
    const value = await make();
    return typeof value === "string" ? value : `${JSON.stringify(value, null, 2)}\n`;
  } catch (error) {
    return `could not be had: ${error instanceof Error ? error.message : String(error)}\n`;
  }
}

function versions(): unknown {
  return {
    "vswitch-cni": version,
    bun: Bun.version,
    kernel: release(),
    machine: process.arch,
    distribution: /^PRETTY_NAME="?(.*?)"?$/m.exec(hostFiles.text("/etc/os-release") ?? "")?.[1],
  };
}
