/** Subnets that stand in this host's own configuration: others learn by a record that they are here. */
import type { Prefix } from "../../../../lib/addr/prefix.ts";
import { CniError, errorCode } from "../../../../lib/cni/error.ts";
import type { DirectoryState } from "../../../../lib/directory/directory.ts";
import { formatKey, spellPrefix } from "../../../../lib/directory/keys.ts";
import { type BlockRecord, formatRecord, type OwnedRecord } from "../../../../lib/directory/records.ts";
import { absent } from "../../../../lib/etcd/conditions.ts";
import type { Etcd } from "../../../../lib/etcd/etcd.ts";
import type { Member } from "./membership.ts";

export interface Claiming {
  readonly uid: string;
  readonly state: DirectoryState;
  readonly members: readonly Member[];
}

/**
 * Each that nobody has yet. They are reserved: no agent gives them back because they are empty.
 *
 * @throws {CniError} 108 when another host has one of them, after all others are claimed
 * @throws {EtcdError}
 */
export async function claimSubnets(
  etcd: Etcd,
  prefix: string,
  { uid, state, members }: Claiming,
): Promise<void> {
  const taken: string[] = [];
  for (const { network, subnets } of members)
    for (const cidr of subnets) {
      const there = state.tables.blocks.get(network)?.get(spellPrefix(cidr))?.record;
      if (there?.owner === uid) continue;
      if (there !== undefined || !(await claim(etcd, prefix, { uid, network, cidr, state })))
        taken.push(`${cidr} of network ${network} is ${there?.owner ?? "another host"}'s`);
    }
  if (taken.length === 0) return;
  throw new CniError(errorCode.conflict, `other hosts have this host's subnets: ${taken.join("; ")}`, {
    reason: "subnet-taken",
    details: "give each host subnets of its own, or let the directory deal them out",
  });
}

async function claim(
  etcd: Etcd,
  prefix: string,
  {
    uid,
    network,
    cidr,
    state,
  }: Omit<Claiming, "members"> & { readonly network: string; readonly cidr: Prefix },
): Promise<boolean> {
  const block = formatKey(prefix, { kind: "blocks", network, cidr });
  const owned = formatKey(prefix, { kind: "owned", uid, network, cidr });
  const epoch = state.tables.nodes.get(uid)?.record.epoch ?? 0;
  const record: BlockRecord = { v: 1, owner: uid, epoch, reserved: true };
  const index: OwnedRecord = { v: 1 };
  const { succeeded } = await etcd.txn(
    [absent(block)],
    [
      { kind: "put", key: block, value: formatRecord(record) },
      { kind: "put", key: owned, value: formatRecord(index) },
    ],
  );
  return succeeded;
}
