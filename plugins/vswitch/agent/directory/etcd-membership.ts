/** A directory of our own: followed, and this host with its containers and blocks kept in it. */
import { ensureNetwork } from "../../../../lib/cluster/ensure-network.ts";
import { follow } from "../../../../lib/cluster/follow.ts";
import { type Living, live } from "../../../../lib/cluster/live.ts";
import { endpointChanges, publishEndpoints } from "../../../../lib/cluster/publish-endpoints.ts";
import { publishNode } from "../../../../lib/cluster/publish-node.ts";
import type { Complaint } from "../../../../lib/directory/complaint.ts";
import { type Desired, desired } from "../../../../lib/directory/desired.ts";
import { type DirectoryState, directoryLayout, followedKinds } from "../../../../lib/directory/directory.ts";
import { faultComplaints } from "../../../../lib/directory/fault-complaints.ts";
import { isSameRecord, nodeRecord } from "../../../../lib/directory/identity.ts";
import { directoryRoot, folderKey, formatKey } from "../../../../lib/directory/keys.ts";
import { createMemo } from "../../../../lib/directory/memo.ts";
import { formatRecord } from "../../../../lib/directory/records.ts";
import { compareRevisions } from "../../../../lib/directory/revision.ts";
import { unchanged } from "../../../../lib/etcd/conditions.ts";
import type { Etcd } from "../../../../lib/etcd/etcd.ts";
import { type Chore, chores } from "./chores.ts";
import { claimSubnets, unclaimed } from "./claim-subnets.ts";
import type { Local, Membership, MembershipOptions } from "./membership.ts";
import { refusedChore } from "./refused-chore.ts";
import { tendPools } from "./tend-pools.ts";

export interface EtcdMembershipOptions extends MembershipOptions {
  /** Of this program. */
  readonly version: string;
}

/** Others take a host for dead, whose agent is gone, after so many seconds. */
const aliveS = 60;
/** A record that somebody else writes, too, is not written more often. */
const quarrelMs = 5000;
const closeMs = 500;

export function etcdMembership(options: EtcdMembershipOptions): Membership {
  const { etcd, access, tending, version, now, random, say, onChange } = options;
  const { prefix } = access;
  const sinceMs = now();
  let local = options.local;
  let living: Living | undefined;
  let publishedMs = 0;
  let warnings: readonly string[] = [];
  let ownComplaints: readonly Complaint[] = [];
  const { uid } = local.identity;
  const aliveKey = formatKey(prefix, { kind: "alive", uid });

  const following = follow({
    ...{ etcd, layout: directoryLayout(prefix), root: directoryRoot(prefix), now, random },
    folders: followedKinds.map((kind) => folderKey(prefix, kind)),
    onChange: () => {
      look();
      onChange();
    },
  });

  const node: Chore = {
    doing: "tell of this host",
    async run() {
      const { identity } = local;
      if (publishedMs > 0 && isPublished(following.state, local)) return undefined;
      if (now() < publishedMs + quarrelMs) return publishedMs + quarrelMs;
      await replaceGarbage(etcd, following.state, local, formatKey(prefix, { kind: "nodes", uid }));
      const published = await publishNode(etcd, prefix, identity);
      publishedMs = now();
      for (const text of published.warnings) if (!warnings.includes(text)) say(text);
      warnings = published.warnings;
      living ??= live({
        ...{ etcd, key: aliveKey, ttlS: aliveS, random },
        value: () =>
          formatRecord({ v: 1, bootId: local.identity.bootId ?? "", agent: version, sinceMs } as never),
        onChange: () => {},
      });
      return undefined;
    },
  };
  const networks: Chore = {
    doing: "tell of this host's networks",
    async run() {
      for (const { network, record } of local.networks)
        if (record !== undefined && !following.state.tables.networks.has(network))
          await ensureNetwork(etcd, prefix, network, record);
      return undefined;
    },
  };
  const subnets: Chore = {
    doing: "tell of this host's subnets",
    async run() {
      await claimSubnets(etcd, prefix, { uid, state: following.state, members: local.networks });
      return undefined;
    },
  };
  const endpoints: Chore = {
    doing: "tell of this host's containers",
    async run() {
      const changes = endpointChanges(following.state, { prefix, uid }, local.endpoints);
      const own = following.state.tables.nodes.get(uid);
      if (changes.length === 0 || own === undefined) return undefined;
      const revision = await publishEndpoints(etcd, changes, unchanged(own));
      // Its own words come back as an event: before, they would be said again.
      awaited = revision;
      return undefined;
    },
  };
  const tend: Chore = {
    doing: "look after this host's blocks",
    async run() {
      const { nextMs, complaints } = await tendPools(etcd, local.pools, {
        ...tending,
        uid,
        now,
        random,
        say,
      });
      ownComplaints = complaints;
      onChange();
      return nextMs;
    },
  };
  let awaited = "0";
  const work = chores({
    chores: [node, networks, subnets, endpoints, tend],
    // Under a record that is another host's all the rest would be that one's, too.
    ready: (chore) =>
      following.status.link === "up" &&
      following.status.listings > 0 &&
      (chore === node || isPublished(following.state, local)),
    ...{ now, random, onChange },
  });
  for (const chore of [node, networks, subnets, endpoints, tend]) work.ask(chore);

  /** What the directory says now may be other than what it shall say. */
  const look = (): void => {
    const { link, listings } = following.status;
    if (link !== "up" || listings === 0) return;
    const { state } = following;
    if (publishedMs > 0 && !isPublished(state, local)) work.ask(node);
    if (living?.lease !== undefined && !state.tables.alive.has(uid)) living.rewrite();
    if (local.networks.some(({ network, record }) => record && !state.tables.networks.has(network)))
      work.ask(networks);
    if (unclaimed(state, uid, local.networks).length > 0) work.ask(subnets);
    if (compareRevisions(state.revision, awaited) >= 0) work.ask(endpoints);
    work.wake();
  };

  const memo = createMemo();
  let cache:
    | { readonly state: DirectoryState; readonly local: Local; readonly found: Map<string, Desired> }
    | undefined;
  return {
    update(next) {
      local = next;
      for (const chore of [networks, subnets, endpoints, tend]) work.ask(chore);
      look();
    },
    desired() {
      if (following.status.listings === 0 || local.node === undefined) return undefined;
      const { state } = following;
      if (cache?.state !== state || cache.local !== local)
        cache = { state, local, found: new Map(desired(state, local.node, local.networks, memo)) };
      return cache.found;
    },
    get status() {
      const { state, status } = following;
      const complaints = [
        ...(status.doubt?.complaints ?? []),
        ...faultComplaints(state.faults),
        ...ownComplaints,
        ...(status.link === "up" ? work.problems.map((one) => refusedChore(prefix, one)) : []),
      ];
      return { follow: status, revision: state.revision, garbage: state.faults.size > 0, complaints };
    },
    relist: () => following.relist(),
    async close() {
      work.close();
      following.close();
      await living?.close(closeMs);
      etcd.close();
    },
  };
}

function isPublished({ tables, faults }: DirectoryState, { identity }: Local): boolean {
  const there = tables.nodes.get(identity.uid);
  if (there === undefined || faults.has(there.key)) return false;
  return isSameRecord(nodeRecord(identity, there.record), there.record);
}

/** This host's own record, which nobody can read: it is written anew. That of a later release stays. */
async function replaceGarbage(
  etcd: Etcd,
  { faults, tables }: DirectoryState,
  { identity }: Local,
  key: string,
): Promise<void> {
  const fault = faults.get(key);
  if (fault === undefined || fault.newer !== undefined) return;
  const value = formatRecord(nodeRecord(identity, tables.nodes.get(identity.uid)?.record));
  await etcd.txn([unchanged({ key, modRevision: fault.modRevision })], [{ kind: "put", key, value }]);
}
