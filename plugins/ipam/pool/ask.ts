/** Asking the directory in the middle of a verb, with all that a process has: its time, its state file, its log. */

import { exclusively } from "../../../lib/cluster/claim-lock.ts";
import { releaseAddresses } from "../../../lib/cluster/fixed-address.ts";
import { localUid } from "../../../lib/cluster/local-uid.ts";
import type { Pool } from "../../../lib/cluster/pool.ts";
import { fills, formatFills } from "../../../lib/cluster/room.ts";
import { supply } from "../../../lib/cluster/supply.ts";
import { CniError, errorCode } from "../../../lib/cni/error.ts";
import type { Log } from "../../../lib/cni/run.ts";
import { type Identity, nodeName } from "../../../lib/directory/identity.ts";
import { defaultUdpPort } from "../../../lib/directory/parse-records.ts";
import type { NetworkRecord } from "../../../lib/directory/records.ts";
import { EtcdError } from "../../../lib/etcd/error.ts";
import type { Etcd } from "../../../lib/etcd/etcd.ts";
import { openEtcd } from "../../../lib/etcd/open.ts";
import { readText } from "../../../lib/os/file.ts";
import type { Store } from "../../../lib/state/store.ts";
import type { Lack } from "./lacking.ts";

export interface Asking {
  readonly store: Store;
  /** Milliseconds since 1970. */
  now(): number;
  readonly log: Pick<Log, "warn">;
}

/** What the directory shall say where the network is an overlay. */
export interface OverlayAnswer {
  readonly tunnel: NonNullable<Identity["tunnel"]>;
  readonly record: NetworkRecord;
}

/** An ADD that has an address to give does not wait longer than this to hear whether it may. */
const verifyMs = 1000;
/** DEL has done its work: what it cannot give back in this time the agent gives back later. */
const giveBackMs = 1000;

/**
 * Gets an ADD what it lacks.
 *
 * @param leftMs of the time that the ADD may take
 * @throws {CniError} 11 when the directory does not answer, naming how full this host's blocks are; and as `supply`. Where only
 *   a look was due nothing is thrown
 */
export async function obtain(
  lack: Lack,
  asking: Asking,
  leftMs: number,
  overlay?: OverlayAnswer,
): Promise<void> {
  const { store, now, log } = asking;
  const { pool, families, fixed } = lack;
  const isLook = families.length === 0 && fixed === undefined;
  const limitMs = isLook ? Math.min(leftMs, verifyMs) : leftMs;
  try {
    await asked(pool, store, limitMs, async (etcd) => {
      const identity: Identity = {
        ...hostIdentity(store),
        ...(overlay === undefined ? {} : { tunnel: overlay.tunnel }),
      };
      const record = overlay?.record ?? recordOf(pool);
      const warn = (text: string): void => log.warn(text);
      await supply({ etcd, pool, record, identity, store, now, warn, families, ...(fixed && { fixed }) });
    });
  } catch (error) {
    if (!isLook) throw explained(error, lack, store);
    log.warn(
      `whether the blocks of network ${pool.network} are still this host's is not known: ${textOf(error)}`,
    );
    noteTried(store, pool, now());
  }
}

/** That nobody answered, so that the next ADD does not wait for it as well. */
export function noteTried(store: Store, { network, ...spec }: Pool, triedMs: number): void {
  const { bootId } = store;
  const row = store.pools.get(network);
  const checkedMs = row?.bootId === bootId ? row.checkedMs : 0;
  store.pools.put({ network, spec: row?.spec ?? { network, ...spec }, checkedMs, bootId, triedMs });
}

/** Gives back what an attachment that is gone had claimed by its key. @throws {Error} saying that it is done later */
export async function giveBack(network: string, key: string, { store, now }: Asking): Promise<void> {
  const pool = store.pools.get(network)?.spec as Pool | undefined;
  if (pool === undefined) return;
  try {
    await asked(pool, store, giveBackMs, (etcd) => releaseAddresses({ etcd, pool, store, now }, key));
  } catch (error) {
    throw new Error(`a fixed address of network ${network} is given back later: ${textOf(error)}`, {
      cause: error,
    });
  }
}

/** One process of the host at a time, within a time that begins now. */
async function asked<T>(
  { access }: Pool,
  { dataDir }: Store,
  limitMs: number,
  fn: (etcd: Etcd) => Promise<T>,
): Promise<T> {
  // One member that says nothing must leave time for the next.
  const etcd = openEtcd(access, { timeoutMs: Math.max(limitMs / (access.endpoints.length + 1), 200) });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late(limitMs, etcd)), limitMs);
  });
  try {
    return await Promise.race([exclusively(dataDir, limitMs, () => fn(etcd)), over]);
  } finally {
    clearTimeout(timer);
    etcd.close();
  }
}

function hostIdentity({ dataDir, bootId }: Store): Identity {
  const uid = localUid(dataDir);
  const name = nodeName(readText("/proc/sys/kernel/hostname"), uid);
  return { uid, name, bootId, platform: process.platform };
}

const recordOf = ({ mode, cidrs, blockBits }: Pool): NetworkRecord => ({
  v: 1,
  mode,
  cidrs,
  blockBits,
  udpPort: defaultUdpPort,
});

function late(limitMs: number, { endpoint }: Etcd): EtcdError {
  const why = `no end within ${Math.round(limitMs)} ms`;
  return new EtcdError({ kind: "timeout", endpoint, doing: "ask the directory", why });
}

function explained(error: unknown, { pool, families, fixed }: Lack, store: Store): unknown {
  if (!(error instanceof EtcdError)) return error;
  const { network, access } = pool;
  const full = formatFills(fills(store, pool)) || "this host has no block";
  const what =
    fixed === undefined
      ? `no address is free (${full}), and no further block can be claimed`
      : `${fixed.address} is in no block of this host (${full}), and cannot be claimed`;
  const which = families.length === 1 ? ` of IPv${families[0]}` : "";
  return new CniError(errorCode.tryAgainLater, `network ${network}: ${what}${which}: ${error.message}`, {
    reason: "directory-unreachable",
    details: `attachments go on, and so does ADD where a block has room. See to etcd (${access.endpoints.join(", ")}), or remove containers`,
    cause: error,
  });
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
