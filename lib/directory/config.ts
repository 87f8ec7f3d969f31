/** Where a host learns of the other hosts of an overlay network. */
import type { Family } from "../addr/ip.ts";
import type { Peer } from "../model/peer.ts";

/** They stand in the configuration: no agent, no store. */
export interface StaticDirectory {
  readonly type: "static";
  readonly peers: readonly Peer[];
}

/** An etcd v3 cluster, by its JSON gateway. */
export interface EtcdAccess {
  /** `http://` or `https://` with host and port: members of one cluster, tried in turn. */
  readonly endpoints: readonly string[];
  /** What all keys begin with, without a slash at its end. */
  readonly prefix: string;
  /** Paths of PEM files: who signs the servers, and who we are. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** The password stands in a file of its own: neither state nor errors ever hold it. */
  readonly user?: { readonly name: string; readonly passwordFile: string };
}

/** Records of our own (keys.ts, records.ts). */
export interface EtcdDirectory extends EtcdAccess {
  readonly type: "etcd";
}

/** Records of flannel's etcd mode, which a flannel daemon reads and writes too. */
export interface FlannelDirectory extends EtcdAccess {
  readonly type: "flannel";
}

export type DirectoryConfig = StaticDirectory | EtcdDirectory | FlannelDirectory;

/** What it takes to follow a directory, and to be in it, for one network. */
export interface NetworkDirectory {
  readonly access: EtcdDirectory | FlannelDirectory;
  /** Length of the blocks that hosts claim, by family. */
  readonly blockBits: Readonly<Record<Family, number>>;
}
