/** A live probe: a packet that is really sent, and where it was seen. Plain data, as the operator's tool prints it. */
import type { Ip } from "../../addr/ip.ts";
import type { StageId } from "../path/trace.ts";
import type { Plan } from "../plan.ts";

/** What of a host signs are read with. */
export interface LiveScope {
  /** Whose compartment sends it; absent: one of another host. */
  readonly from?: Plan;
  /** Who may receive it: their compartments are watched. */
  readonly receivers: readonly Plan[];
  /** All endpoints of the host: ports are told from other interfaces by them. */
  readonly endpoints: readonly Plan[];
  /** Ways to other hosts; absent: none. */
  readonly tunnels?: readonly LiveTunnel[];
}

export interface LiveTunnel {
  readonly name: string;
  readonly network: string;
  /** Of other hosts. */
  readonly vteps: readonly Ip[];
}

export interface LiveRequest extends LiveScope {
  readonly from: Plan;
  readonly packet: LivePacket;
  /** By which the packet is known, on other hosts as well: 1 to 65535. Absent: a random one. */
  readonly tag?: number;
  /** Longest time to wait for the next sign of it. */
  readonly quietMs?: number;
}

/** A probe of another host. */
export interface AwaitRequest extends LiveScope {
  readonly tag: number;
  /** How long it may take until the first sign of it, in milliseconds. */
  readonly waitMs: number;
  /** Called once all is watched: from then on it may be sent. */
  readonly ready?: () => void;
  /** Whether the operator has had enough. */
  readonly stopped?: () => boolean;
}

export interface LivePacket {
  /** Absent: the compartment's own address. */
  readonly source?: Ip;
  readonly destination: Ip;
  readonly protocol: "tcp" | "udp" | "icmp";
  /** Absent: a random one. */
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** Hops; absent: 64. */
  readonly ttl?: number;
}

/** Addresses and ports as they were at one place. */
export interface LiveHeader {
  readonly source: Ip;
  readonly destination: Ip;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** What it was in, on the underlay. */
  readonly tunnel?: LiveOuter;
}

/** Of VXLAN. */
export interface LiveOuter {
  readonly source: Ip;
  readonly destination: Ip;
  readonly vni: number;
}

export interface LiveStage {
  /** Since it was sent. */
  readonly ms: number;
  /** Stage of the model, where one belongs to it. */
  readonly stage?: StageId;
  /** "port vp-1b4c...", "table ip filter, chain FORWARD". */
  readonly place: string;
  /** What was seen there: "passed", "jump DOCKER", "drop". */
  readonly what: string;
  /** Of frames. */
  readonly header?: LiveHeader;
}

export type LiveVerdict =
  /** At the vNIC of an endpoint (`network/container/interface`), or given to its port when nobody watched inside. */
  | {
      readonly kind: "arrived";
      readonly endpoint: string;
      readonly place: "vnic" | "port";
      readonly header: LiveHeader;
    }
  /** At the programs of the host. */
  | { readonly kind: "arrived at the host" }
  | { readonly kind: "left"; readonly interface: string; readonly header: LiveHeader }
  | {
      readonly kind: "dropped";
      readonly stage: StageId;
      readonly table: string;
      readonly chain: string;
      /** The rule in nft's words; absent: the policy of the chain. */
      readonly rule?: string;
    }
  | {
      readonly kind: "vanished";
      /** The last place that saw it. */
      readonly after: string;
      /** What comes next there: one of them. */
      readonly stages: readonly StageId[];
      /** A sentence: what is known of the reason. */
      readonly hint: string;
    };

export interface LiveResult extends LiveSeen {
  readonly sent: LiveHeader & Pick<LivePacket, "protocol">;
  readonly tag: number;
}

/** What became of one on this host. */
export interface LiveSeen {
  /** As it was when it came, of one that another host sends; absent: it did not come. */
  readonly seen?: LiveHeader;
  readonly stages: readonly LiveStage[];
  /** The last place that saw it. */
  readonly last: string;
  readonly verdict: LiveVerdict;
  /** What could not be watched, in sentences. */
  readonly blind: readonly string[];
}
