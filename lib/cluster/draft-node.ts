/** What becomes of this host's record. Pure. */
import { CniError, errorCode } from "../cni/error.ts";
import { type Identity, isSameRecord, nodeRecord } from "../directory/identity.ts";
import { formatKey } from "../directory/keys.ts";
import { type AliveRecord, formatRecord, type NodeRecord } from "../directory/records.ts";
import { absent, unchanged } from "../etcd/conditions.ts";
import type { Draft } from "./draft.ts";
import type { Seen } from "./seen.ts";

export interface NodeDraft extends Draft {
  readonly record: NodeRecord;
  /** Whether others hear of a tunnel address for the first time: then it must be nobody else's. */
  readonly movesTunnel: boolean;
}

/** What the directory has under this host's uid. */
export interface OwnKeys {
  readonly node: Seen<NodeRecord> | undefined;
  readonly alive: Seen<AliveRecord> | undefined;
}

/**
 * The epoch stays, unless the record is of a host at another place in another boot: that may be a clone of this one, whose
 * blocks must not be taken for ours. Blocks that the state file knows are claimed anew (settle-own.ts), all others are not.
 *
 * @throws {CniError} 11 when a host of another boot is alive under this uid
 */
export function draftNode(prefix: string, identity: Identity, { node, alive }: OwnKeys): NodeDraft {
  if (alive !== undefined && alive.record.bootId !== identity.bootId)
    throw aliveElsewhere(identity, alive, node);
  const before = node?.record;
  const record = nodeRecord(identity, before);
  const key = formatKey(prefix, { kind: "nodes", uid: identity.uid });
  const movesTunnel = record.vtep !== undefined && record.vtep !== before?.vtep;
  if (node === undefined) return { record, movesTunnel, ...put(key, record, absent(key)) };
  const held = unchanged(node);
  if (isSameRecord(record, node.record)) return { record, movesTunnel, compares: [held], writes: [] };
  if (isSame(identity, node.record)) return { record, movesTunnel, ...put(key, record, held) };
  const raised = { ...record, epoch: record.epoch + 1 };
  return { record: raised, movesTunnel, ...put(key, raised, held) };
}

function put(key: string, record: NodeRecord, condition: Draft["compares"][number]): Draft {
  return { compares: [condition], writes: [{ kind: "put", key, value: formatRecord(record) }] };
}

function isSame({ bootId, tunnel, name }: Identity, before: NodeRecord): boolean {
  if (bootId !== undefined && bootId === before.bootId) return true;
  return tunnel === undefined || before.vtep === undefined
    ? name === before.name
    : tunnel.vtep === before.vtep;
}

function aliveElsewhere(
  { uid, name }: Identity,
  { key, record }: Seen<AliveRecord>,
  node: Seen<NodeRecord> | undefined,
): CniError {
  const where = node?.record.vtep === undefined ? "" : ` at ${node.record.vtep}`;
  const who = `${node?.record.name ?? "a host"}${where}`;
  const since = new Date(record.sinceMs).toISOString();
  return new CniError(
    errorCode.tryAgainLater,
    `host ${name} is not the only one with uid ${uid}: ${who} is alive under it since ${since}, in boot ${record.bootId}`,
    {
      reason: "node-uid-taken",
      details: `if that was this host before it was restarted, ${key} goes by itself within a minute. If it is another one, both have one /etc/machine-id: give one of them another, or a name of its own in its state folder's file node-id`,
    },
  );
}
