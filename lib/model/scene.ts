/** A scene: all that decides about packets on one host, as plain data. What trace, graph and doctor look at. */
import type { Family, Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Prefix } from "../addr/prefix.ts";
import type { ForeignChain } from "./foreign.ts";
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
  /** `nat`, `transparent`, later `overlay`. */
  readonly kind: string;
  readonly switch: S;
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
}

export interface SceneRoute {
  readonly destination: Prefix;
  readonly gateway?: Ip;
  readonly interface?: string;
  /** `unicast`, `local`, `blackhole`, `unreachable`, `prohibit` ... as `ip route` says. */
  readonly type: string;
  readonly priority: number;
  readonly table: number;
}

export interface SceneNeighbour {
  readonly address: Ip;
  readonly mac: Mac;
  readonly interface: string;
}
