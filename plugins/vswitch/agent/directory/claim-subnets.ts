/** Subnets that stand in this host's own configuration: others learn by a record that they are here. */
import type { Prefix } from "../../../../lib/addr/prefix.ts";
import { CniError, errorCode } from "../../../../lib/cni/error.ts";
import type { DirectoryState } from "../../../../lib/directory/directory.ts";
import { isGarbage } from "../../../../lib/directory/garbage.ts";
import { formatKey, spellPrefix } from "../../../../lib/directory/keys.ts";
import { parseBlockRecord } from "../../../../lib/directory/parse-records.ts";
import { type BlockRecord, formatRecord } from "../../../../lib/directory/records.ts";
import { absent, unchanged } from "../../../../lib/etcd/conditions.ts";
import type { Etcd, KeyValue } from "../../../../lib/etcd/etcd.ts";
import type { Member } from "./membership.ts";

export interface Claiming {
  readonly uid: string;
  readonly state: DirectoryState;
  readonly members: readonly Member[];
}

interface Unclaimed {
  readonly network: string;
  readonly cidr: Prefix;
}

/** Those that are not this host's. */
export function unclaimed(
  { tables }: DirectoryState,
  uid: string,
  members: readonly Member[],
): readonly Unclaimed[] {
  return members.flatMap(({ network, subnets }) =>
    subnets
      .filter((cidr) => tables.blocks.get(network)?.get(spellPrefix(cidr))?.record.owner !== uid)
      .map((cidr) => ({ network, cidr })),
  );
}

/**
 * Each that nobody has yet, while this host's record is as it was seen. They are reserved: no agent gives them back because
 * they are empty.
 *
 * @throws {CniError} 108 when another host has one of them, after all others are claimed
 * @throws {EtcdError}
 */
export async function claimSubnets(
  etcd: Etcd,
  prefix: string,
  { uid, state, members }: Claiming,
): Promise<void> {
  const node = state.tables.nodes.get(uid);
  if (node === undefined) return;
  const { epoch } = node.record;
  const taken: string[] = [];
  for (const { network, cidr } of unclaimed(state, uid, members)) {
    const block = formatKey(prefix, { kind: "blocks", network, cidr });
    const owned = formatKey(prefix, { kind: "owned", uid, network, cidr });
    const record: BlockRecord = { v: 1, owner: uid, epoch, reserved: true };
    const { succeeded, responses } = await etcd.txn(
      [unchanged(node), absent(block)],
      [
        { kind: "put", key: block, value: formatRecord(record) },
        { kind: "put", key: owned, value: formatRecord({ v: 1 }) },
      ],
      [{ kind: "range", key: block }],
    );
    const found = responses[0]?.kind === "range" ? responses[0].kvs[0] : undefined;
    // Where nobody has it, this host's record has changed: the event of that asks again.
    if (succeeded || found === undefined) continue;
    // What was known of it may be older than this host's own claim.
    const owner = ownerIn(found);
    if (owner !== uid) taken.push(`${cidr} of network ${network} is ${owner ?? "another host"}'s`);
  }
  if (taken.length === 0) return;
  throw new CniError(errorCode.conflict, `other hosts have this host's subnets: ${taken.join("; ")}`, {
    reason: "subnet-taken",
    details: "give each host subnets of its own, or let the directory deal them out",
  });
}

/** @returns undefined for what cannot be read */
function ownerIn({ value }: KeyValue): string | undefined {
  const record = parseBlockRecord(value);
  return isGarbage(record) ? undefined : record.owner;
}
