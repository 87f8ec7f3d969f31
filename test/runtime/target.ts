/** What the runtimes are given: plugin executables and a network configuration. */
import { Database } from "bun:sqlite";
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
  /** Whether DEL removes everything when the container's network namespace is gone already. */
  readonly cleansWithoutNetns: boolean;
  /**
   * One text for each address that is taken in the network; a container has one of each family.
   * @param stateDir the runtime's `/var/lib/cni`, seen from the test
   */
  readonly leases: (stateDir: string) => readonly string[];
}

/** Debian's containernetworking-plugins. */
const referenceDir = "/usr/lib/cni";

const networkName = "runtime-test";
const ranges = [[{ subnet: "10.77.0.0/24" }], [{ subnet: "fd00:77::/64" }]];

export const referenceTarget: RuntimeTarget = {
  name: "the reference plugins",
  binDirs: [referenceDir],
  networkName,
  // bridge 1.1.1 asks the namespace for the addresses whose masquerade rules it should remove.
  cleansWithoutNetns: false,
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
          ranges,
          routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ],
  },
  leases: (stateDir) => {
    const folder = join(stateDir, "networks", networkName);
    return existsSync(folder)
      ? readdirSync(folder).filter((name) => /^[\d.]+$|^[\da-f]*:[\da-f:]+$/.test(name))
      : [];
  },
};

/** Our own, with the reference plugins beside them for what a runtime wants besides. */
export const ownTarget: RuntimeTarget = {
  name: "our plugins",
  // containerd attaches every pod to a loopback network of its own, too.
  binDirs: [join(import.meta.dirname, "../../dist/bin"), referenceDir],
  networkName,
  cleansWithoutNetns: true,
  conflist: {
    cniVersion: "1.0.0",
    name: networkName,
    plugins: [
      {
        type: "nat",
        ipam: { type: "ipam", ranges },
        capabilities: { portMappings: true, ips: true, mac: true, dns: true },
      },
    ],
  },
  leases: ownLeases,
};

/** Ours again, with containers that are machines of the LAN that the host's uplink leads to. */
export const lanTarget: RuntimeTarget = {
  ...ownTarget,
  name: "our transparent plugin",
  conflist: {
    cniVersion: "1.0.0",
    name: networkName,
    plugins: [
      {
        type: "transparent",
        ipam: {
          type: "ipam",
          ranges: [
            [{ subnet: "192.0.2.0/24", rangeStart: "192.0.2.100", gateway: "192.0.2.2" }],
            [{ subnet: "2001:db8::/64", rangeStart: "2001:db8::100", gateway: "2001:db8::2" }],
          ],
        },
        capabilities: { ips: true, mac: true, dns: true },
      },
    ],
  },
};

/** Ours on the first or second of two hosts that are one network. */
export function overlayTarget(number: 1 | 2): RuntimeTarget {
  const subnetsOf = (host: number) => [`10.78.${host}.0/24`, `fd00:78:${host}::/64`];
  const other = 3 - number;
  return {
    ...ownTarget,
    name: "our overlay plugin",
    conflist: {
      cniVersion: "1.0.0",
      name: networkName,
      plugins: [
        {
          type: "overlay",
          vni: 4097,
          uplink: "eth0",
          subnets: subnetsOf(number),
          directory: { type: "static", peers: [{ vtep: `192.0.2.${other}`, subnets: subnetsOf(other) }] },
          capabilities: { portMappings: true, ips: true, mac: true, dns: true },
        },
      ],
    },
  };
}

function ownLeases(stateDir: string): readonly string[] {
  const file = join(stateDir, "vswitch/state.db");
  if (!existsSync(file)) return [];
  using database = new Database(file);
  const query = "SELECT hex(address) AS address FROM leases WHERE network = ?";
  return database
    .query<{ address: string }, string>(query)
    .all(networkName)
    .map(({ address }) => address);
}

/**
 * What the tests run with: ours, or the reference plugins when `VSWITCH_RUNTIME_TARGET` is "reference",
 * to see whether a failure is the test's or ours.
 */
export function runtimeTarget(): RuntimeTarget {
  return process.env.VSWITCH_RUNTIME_TARGET === "reference" ? referenceTarget : ownTarget;
}

/** Says which executable the target lacks, or undefined. */
export function whyNoTarget({ binDirs, conflist }: RuntimeTarget, besides: readonly string[] = []) {
  const wanted = [...conflist.plugins.map((plugin) => `${plugin.type}`), ...besides];
  const missing = wanted.find((type) => !binDirs.some((folder) => existsSync(join(folder, type))));
  return missing === undefined
    ? undefined
    : `${missing} is not in ${binDirs.map((dir) => resolve(dir)).join(" or ")}`;
}
