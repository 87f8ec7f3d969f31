/** What the runtimes are given: plugin executables and a network configuration. */
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

/** A network configuration list as a runtime reads it from its configuration folder. */
export interface Conflist {
  readonly cniVersion: string;
  readonly name: string;
  readonly plugins: readonly Readonly<Record<string, unknown>>[];
}

export interface RuntimeTarget {
  /** For test titles. */
  readonly name: string;
  /** Folders with the executables; of equal names the first wins. */
  readonly binDirs: readonly string[];
  readonly conflist: Conflist;
  readonly networkName: string;
  /**
   * Addresses that are taken in the network.
   * @param stateDir the runtime's `/var/lib/cni`, seen from the test
   */
  readonly leases: (stateDir: string) => readonly string[];
}

/** Debian's containernetworking-plugins. */
export const referenceDir = "/usr/lib/cni";

const networkName = "runtime-test";

export const referenceTarget: RuntimeTarget = {
  name: "the reference plugins",
  binDirs: [referenceDir],
  networkName,
  conflist: {
    cniVersion: "1.0.0",
    name: networkName,
    plugins: [
      {
        type: "bridge",
        bridge: "runtime0",
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: {
          type: "host-local",
          ranges: [[{ subnet: "10.77.0.0/24" }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ],
  },
  leases: (stateDir) => {
    const folder = join(stateDir, "networks", networkName);
    return existsSync(folder) ? readdirSync(folder).filter((name) => /^[\d.]+$/.test(name)) : [];
  },
};

/**
 * What the tests run with: `VSWITCH_RUNTIME_TARGET=reference` takes the reference plugins,
 * to see whether a failure is the test's or ours.
 */
export function runtimeTarget(): RuntimeTarget {
  return referenceTarget;
}

/** Says which executable the target lacks, or undefined. */
export function whyNoTarget({ binDirs, conflist }: RuntimeTarget): string | undefined {
  const types = conflist.plugins.map((plugin) => `${plugin.type}`);
  const lacks = types.find((type) => !binDirs.some((folder) => existsSync(join(folder, type))));
  return lacks === undefined
    ? undefined
    : `${lacks} is not in ${binDirs.map((dir) => resolve(dir)).join(", ")}`;
}
