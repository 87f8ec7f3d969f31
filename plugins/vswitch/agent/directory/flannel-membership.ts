/** A directory of flannel's: followed, and joined as one of its hosts. */
import { ipFamily } from "../../../../lib/addr/ip.ts";
import type { Prefix } from "../../../../lib/addr/prefix.ts";
import { contains } from "../../../../lib/addr/prefix.ts";
import { follow } from "../../../../lib/cluster/follow.ts";
import { CniError, errorCode } from "../../../../lib/cni/error.ts";
import type { Desired } from "../../../../lib/directory/desired.ts";
import { faultComplaints } from "../../../../lib/directory/fault-complaints.ts";
import {
  type FlannelState,
  flannelKey,
  flannelLayout,
  flannelPeers,
} from "../../../../lib/directory/flannel.ts";
import { formatFlannelLease } from "../../../../lib/directory/flannel-lease.ts";
import { absent, unchanged } from "../../../../lib/etcd/conditions.ts";
import type { Int64 } from "../../../../lib/etcd/etcd.ts";
import { type Chore, chores } from "./chores.ts";
import { ownSubnet, type WantedLease, wantedLease } from "./flannel-lease.ts";
import type { Local, Membership, MembershipOptions } from "./membership.ts";
import { refusedChore } from "./refused-chore.ts";

/** As flannel's own daemons have it; they do not count with hosts whose records stay for ever. */
const leaseS = 24 * 3600;
const renewMs = 3_600_000;
/** A record that somebody else writes, too, is not written more often. */
const quarrelMs = 1000;

/** This host's subnet stays its own when its record runs out: its traffic goes on, and the record is written again. */
export function flannelMembership(options: MembershipOptions): Membership {
  const { etcd, access, tending, now, random, say, onChange } = options;
  const { prefix } = access;
  let { local } = options;
  let lease: Int64 | undefined;
  /** What this process wrote, or found, under its lease. */
  let written: string | undefined;
  let writtenMs = 0;

  const following = follow({
    ...{ etcd, layout: flannelLayout(prefix), root: `${prefix}/`, now, random },
    onChange: () => {
      look();
      onChange();
    },
  });
  const rowOf = (network: string) =>
    tending
      .store()
      .blocks.list(network)
      .find(({ lostMs }) => lostMs === undefined);
  const wanted = (): WantedLease | undefined => {
    const [member] = local.networks;
    if (member === undefined || local.node === undefined) return undefined;
    const row = rowOf(member.network);
    const own = ownSubnet(local.node, member, row === undefined ? [] : [row.prefix]);
    return wantedLease(following.state, local.node, member, own);
  };

  const keep: Chore = {
    doing: "lease a subnet of flannel's network",
    async run() {
      const [member] = local.networks;
      const one = wanted();
      if (one === undefined || member === undefined || local.node === undefined) return undefined;
      if (now() < writtenMs + quarrelMs) return writtenMs + quarrelMs;
      if (lease !== undefined && !(await etcd.keepAlive(lease)).alive) lease = undefined;
      if (lease === undefined) {
        lease = (await etcd.grantLease(leaseS)).id;
        written = undefined;
      }
      const key = flannelKey(prefix, { [ipFamily(local.node.vtep)]: one.subnet });
      if (one.found !== undefined && !one.ours) throw giveUp(member.network, one.subnet);
      if (written !== `${key} ${one.value}` || !isAsWritten(one)) {
        const held = one.found === undefined ? absent(key) : unchanged(one.found);
        const put = { kind: "put", key, value: one.value, lease } as const;
        const { succeeded, revision } = await etcd.txn([held], [put]);
        // What was known of it is old: the event that says so comes.
        if (!succeeded) return now() + quarrelMs;
        if (written === undefined) say(`network ${member.network}: leased subnet ${one.subnet} of flannel's`);
        written = `${key} ${one.value}`;
        writtenMs = now();
        if (member.subnets.length === 0) note(member.network, one.subnet, revision);
      }
      return now() + renewMs * (0.9 + 0.2 * random());
    },
  };
  const work = chores({
    chores: [keep],
    ready: () => following.status.link === "up" && following.status.listings > 0,
    ...{ now, random, onChange },
  });
  work.ask(keep);

  /** Addresses are given out of it from now on. */
  const note = (network: string, subnet: Prefix, revision: Int64): void => {
    const { blocks } = tending.store();
    const before = blocks.list(network).find((row) => row.prefix === subnet);
    blocks.put({ network, prefix: subnet, revision, claimedMs: before?.claimedMs ?? now() });
    tending.changed();
  };
  /** Nothing more is given out of a subnet that another host has leased; without containers this host takes another one. */
  const giveUp = (network: string, subnet: Prefix): CniError => {
    const { blocks, leases, bootId } = tending.store();
    const held = leases.list(network).filter((one) => one.bootId === bootId && contains(subnet, one.address));
    const row = blocks.list(network).find(({ prefix: own }) => own === subnet);
    if (row !== undefined && held.length > 0) blocks.put({ ...row, lostMs: row.lostMs ?? now() });
    if (row !== undefined && held.length === 0) {
      blocks.remove(network, subnet);
      tending.retire(network, subnet);
    }
    tending.changed();
    return new CniError(
      errorCode.conflict,
      `another host of flannel's has leased ${subnet}, which was this host's`,
      {
        reason: "subnet-taken",
        details:
          held.length > 0
            ? `restart this host's containers that have addresses of it: ${held.map(({ containerId }) => containerId).join(", ")}`
            : "none: this host takes another subnet",
      },
    );
  };

  const look = (): void => {
    const { link, listings } = following.status;
    if (link !== "up" || listings === 0) return;
    const one = wanted();
    if (one !== undefined && !isAsWritten(one)) work.ask(keep);
    work.wake();
  };

  let cache:
    | { readonly state: FlannelState; readonly local: Local; readonly found: ReadonlyMap<string, Desired> }
    | undefined;
  return {
    update(next) {
      local = next;
      work.ask(keep);
      look();
    },
    desired() {
      const { node } = local;
      if (following.status.listings === 0 || node === undefined) return undefined;
      const { state } = following;
      if (cache?.state !== state || cache.local !== local)
        cache = {
          state,
          local,
          found: new Map(local.networks.map((one) => [one.network, flannelPeers(state, node, one)])),
        };
      return cache.found;
    },
    get status() {
      const { state, status } = following;
      const problems = status.link === "up" ? work.problems.map((one) => refusedChore(prefix, one)) : [];
      const complaints = [...(status.doubt?.complaints ?? []), ...faultComplaints(state.faults), ...problems];
      return { follow: status, revision: state.revision, garbage: state.faults.size > 0, complaints };
    },
    relist: () => following.relist(),
    async close() {
      work.close();
      following.close();
      etcd.close();
    },
  };
}

/** Values are compared as they are read: flannel's daemons may spell them otherwise. */
const isAsWritten = ({ found, value }: WantedLease): boolean =>
  found !== undefined && formatFlannelLease(found.record) === value;
