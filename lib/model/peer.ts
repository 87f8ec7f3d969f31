/** Another host of an overlay network, as a directory tells of it (HCN: RemoteSubnetRoute, ProviderAddress). */
import type { Ip } from "../addr/ip.ts";
import type { Mac } from "../addr/mac.ts";
import type { Prefix } from "../addr/prefix.ts";

export interface Peer {
  /** Who it is, for people and for comparing: one host of a network has one. */
  readonly node: string;
  /** Its address on the underlay. */
  readonly vtep: Ip;
  /** Of its tunnel: where packets for its subnets are sent to. */
  readonly mac: Mac;
  /** Addresses of the network that it gives out; in the mode `stretched` they say nothing. */
  readonly subnets: readonly Prefix[];
  /** Its containers; only in the mode `stretched`. */
  readonly endpoints: readonly RemoteEndpoint[];
  /** Longest packet of a container that reaches it in one piece, in bytes; absent: as long as ours. */
  readonly mtu?: number;
}

/** A container of another host. */
export interface RemoteEndpoint {
  readonly addresses: readonly Ip[];
  readonly mac: Mac;
}

/** What is known of the other hosts of a network. */
export interface DirectorySnapshot {
  readonly peers: readonly Peer[];
  /** Of the directory when it was read; "0" where the configuration is the directory. */
  readonly revision: string;
  /** Milliseconds since 1970. */
  readonly savedMs: number;
}
