/** What the agent has with one directory, whatever its kind: it follows it, and is in it. */
import type { Prefix } from "../../../../lib/addr/prefix.ts";
import type { FollowStatus } from "../../../../lib/cluster/follow.ts";
import type { Pool } from "../../../../lib/cluster/pool.ts";
import type { LocalEndpoint } from "../../../../lib/cluster/publish-endpoints.ts";
import type { Complaint } from "../../../../lib/directory/complaint.ts";
import type { EtcdAccess } from "../../../../lib/directory/config.ts";
import type { Desired } from "../../../../lib/directory/desired.ts";
import type { Identity } from "../../../../lib/directory/identity.ts";
import type { LocalNetwork, LocalNode } from "../../../../lib/directory/known.ts";
import type { NetworkRecord } from "../../../../lib/directory/records.ts";
import type { Etcd } from "../../../../lib/etcd/etcd.ts";
import type { BlockTending } from "./tend-pools.ts";

/** What of this host concerns a directory. */
export interface Local {
  /** Absent: none of its networks is an overlay network. */
  readonly node?: LocalNode;
  readonly identity: Identity;
  readonly networks: readonly Member[];
  /** Networks of any type whose addresses come from there. */
  readonly pools: readonly Pool[];
  readonly endpoints: readonly LocalEndpoint[];
}

export interface Member extends LocalNetwork {
  /** As it shall stand there, when nobody has written it; absent: too little is known of it. */
  readonly record?: NetworkRecord;
  /** What this host's configuration gives addresses out of, without asking anybody. */
  readonly subnets: readonly Prefix[];
}

/** What it takes, whatever the kind of directory. */
export interface MembershipOptions {
  readonly etcd: Etcd;
  readonly access: EtcdAccess;
  readonly local: Local;
  readonly tending: BlockTending;
  readonly now: () => number;
  readonly random: () => number;
  readonly say: (text: string) => void;
  readonly onChange: () => void;
}

export interface Membership {
  /** From now on. */
  update(local: Local): void;
  /** The same object while nothing has changed; undefined before the directory has answered. */
  desired(): ReadonlyMap<string, Desired> | undefined;
  readonly status: MembershipStatus;
  /** Lists anew, soon. */
  relist(): void;
  /** Others are told, if the store answers soon. */
  close(): Promise<void>;
}

export interface MembershipStatus {
  readonly follow: FollowStatus;
  /** Of the directory, as far as it is known. */
  readonly revision: string;
  /** Keys or values cannot be read. */
  readonly garbage: boolean;
  /** Of the directory itself, of this host in it, and of its blocks. */
  readonly complaints: readonly Complaint[];
}
