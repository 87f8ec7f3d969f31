/** Looks after this host's blocks of all networks of a directory. */
import type { Prefix } from "../../../../lib/addr/prefix.ts";
import type { Pool } from "../../../../lib/cluster/pool.ts";
import type { LostBlock } from "../../../../lib/cluster/settle.ts";
import { tendBlocks } from "../../../../lib/cluster/tend-blocks.ts";
import { CniError } from "../../../../lib/cni/error.ts";
import type { Complaint } from "../../../../lib/directory/complaint.ts";
import type { Etcd } from "../../../../lib/etcd/etcd.ts";
import { formatOwner } from "../../../../lib/model/owner.ts";
import type { Store } from "../../../../lib/state/store.ts";

export interface BlockTending {
  readonly store: () => Store;
  /** What the kernel has of a block that is given back must go. */
  readonly retire: (network: string, block: Prefix) => void;
  /** What the state file says of blocks is another than it was, by this process. */
  readonly changed: () => void;
}

interface Round extends BlockTending {
  readonly uid: string;
  readonly now: () => number;
  readonly random: () => number;
  readonly say: (text: string) => void;
}

const roundMs = 60_000;

/** @throws {EtcdError} */
export async function tendPools(
  etcd: Etcd,
  pools: readonly Pool[],
  { store, retire, changed, uid, now, random, say }: Round,
): Promise<{ readonly nextMs: number; readonly complaints: readonly Complaint[] }> {
  const complaints: Complaint[] = [];
  for (const pool of pools) {
    const { network } = pool;
    try {
      const done = await tendBlocks(etcd, {
        ...{ store: store(), pool, uid, now },
        retire: (block) => retire(network, block),
      });
      for (const block of done.claimed) say(`network ${network}: claimed block ${block}`);
      for (const block of done.released) say(`network ${network}: gave block ${block} back`);
      complaints.push(...done.lost.map((lost) => lostBlock(network, lost)));
      if (done.claimed.length + done.released.length + done.lost.length > 0) changed();
    } catch (error) {
      if (!(error instanceof CniError)) throw error;
      complaints.push(untended(network, error));
    }
  }
  return { nextMs: now() + roundMs * (0.9 + 0.2 * random()), complaints };
}

const untended = (network: string, { message, details }: CniError): Complaint => ({
  code: "store-refused",
  about: network,
  text: `network ${network}: its blocks are not looked after: ${message}`,
  remedy: details ?? "It is tried again every minute.",
});

function lostBlock(network: string, { block, owner, containers }: LostBlock): Complaint {
  const whose = owner === undefined ? "nobody's" : `node ${owner}'s`;
  const who = containers.map(formatOwner).join(", ");
  return {
    code: "block-lost",
    about: `${network} ${block}`,
    text: `block ${block} of network ${network} was taken from this host and is ${whose} by now: ${who === "" ? "it is given up" : `${who} have addresses of it`}`,
    remedy:
      who === "" ? "None." : "Restart these containers: they get addresses of a block that is this host's.",
  };
}
