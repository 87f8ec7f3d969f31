/** A scene: all that decides about packets on one host, as plain data. What trace, graph and doctor look at. */
import type { Family, Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Prefix } from "../addr/prefix.ts";
import type { ForeignChain } from "./foreign.ts";
import type { DirectorySnapshot } from "./peer.ts";
import type { Plan } from "./plan.ts";
import type { Switch } from "./switch.ts";

export interface Scene {
  readonly networks: readonly SceneNetwork[];
  /** Attachments that are there, as they were planned. */
  readonly endpoints: readonly Plan[];
  readonly host: SceneHost;
}

export interface SceneNetwork<S extends Switch = Switch> {
  readonly name: string;
  /** `nat`, `transparent`, `overlay`. */
  readonly kind: string;
  readonly switch: S;
  /** Of an overlay network. Absent where nothing is known yet. */
  readonly directory?: SceneDirectory;
}

/** What is known of an overlay network's other hosts, and where it comes from. */
export interface SceneDirectory extends DirectorySnapshot {
  /** `static`: the configuration, whose revision is "0". */
  readonly type: "static" | "etcd" | "flannel";
  /** Whether an agent of this host follows it. Absent: there is nothing to follow. */
  readonly followed?: boolean;
}

/** The host's own compartment. */
export interface SceneHost {
  readonly interfaces: readonly SceneInterface[];
  readonly routes: readonly SceneRoute[];
  readonly neighbours: readonly SceneNeighbour[];
  readonly forwarding: Readonly<Record<Family, boolean>>;
  /** Packets of these families that only pass a switch are shown to the host's IP hooks too (br_netfilter). */
  readonly bridgeFilter?: readonly Family[];
  readonly foreign: readonly ForeignChain[];
  /** Of the tunnels that bear our mark. */
  readonly fdb?: readonly SceneForwarding[];
}

export interface SceneInterface {
  readonly name: string;
  /** In the kernel's words: bridge, veth, vxlan ...; absent: hardware, or loopback. */
  readonly kind?: string;
  readonly mac?: Mac;
  /** Bytes. */
  readonly mtu: number;
  readonly up: boolean;
  /** Nothing answers at the other end of its cable. */
  readonly carrier?: false;
  readonly addresses: readonly Prefix[];
  /** The bridge whose port it is. */
  readonly master?: string;
  /** Only of a VXLAN. */
  readonly vxlan?: SceneVxlan;
}

export interface SceneVxlan {
  readonly vni: number;
  readonly udpPort: number;
  /** Where outer packets come from; absent: the kernel chooses. */
  readonly local?: Ip;
  /** Whether outer packets may be fragmented: never, always, or as the packet inside says. Absent: older kernels. */
  readonly df?: "set" | "unset" | "inherit";
  /** Of ours: whether checksums are left to the uplink, as late as can be. */
  readonly lateChecksums?: boolean;
}

export interface SceneRoute {
  readonly destination: Prefix;
  readonly gateway?: Ip;
  readonly interface?: string;
  /** `unicast`, `local`, `blackhole`, `unreachable`, `prohibit` ... as `ip route` says. */
  readonly type: string;
  readonly priority: number;
  readonly table: number;
  /** The address from which the host itself sends by it, where the route names one. */
  readonly source?: Ip;
  /** Longest packet that it carries, where it says so; in bytes. */
  readonly mtu?: number;
}

export interface SceneNeighbour {
  readonly address: Ip;
  readonly mac: Mac;
  readonly interface: string;
  /** Somebody wrote it down: nobody is asked, and it takes none of the room of those that are. */
  readonly permanent?: true;
}

/** Where a tunnel sends frames for a MAC, or the bridge that it is a port of. */
export interface SceneForwarding {
  readonly mac: Mac;
  /** Of the tunnel. */
  readonly interface: string;
  /** `self`: a row of the tunnel; `master`: of its bridge, for which the MAC is behind the tunnel. */
  readonly on: "self" | "master";
  /** Of a tunnel's row. */
  readonly vtep?: Ip;
}
