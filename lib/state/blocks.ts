/**
 * Blocks of addresses that are this host's to give out, as a directory said when they were claimed. What a damaged file says
 * of them is not saved: one that was given back meanwhile would come to life again, and the directory knows them all.
 */
import type { Prefix } from "../addr/prefix.ts";
import type { Access } from "./access.ts";

export interface BlockRow {
  readonly network: string;
  readonly prefix: Prefix;
  /** Of its record in the directory, as decimal text. */
  readonly revision: string;
  /** Milliseconds since 1970. */
  readonly claimedMs: number;
  /** Since when it is known to be without containers. */
  readonly emptyMs?: number;
  /** Since when it is known to be somebody else's, or nobody's: nothing more is given out of it. */
  readonly lostMs?: number;
}

export interface Blocks {
  /** Oldest first. */
  list(network?: string): BlockRow[];
  /** Takes the place of what is known of the block. */
  put(row: BlockRow): void;
  /** What is not there is removed already. */
  remove(network: string, prefix: Prefix): void;
}

interface StoredBlock extends Omit<BlockRow, "emptyMs" | "lostMs"> {
  readonly emptyMs: number | null;
  readonly lostMs: number | null;
}

const select = `SELECT network, prefix, revision, claimed_ms AS claimedMs, empty_ms AS emptyMs, lost_ms AS lostMs
  FROM blocks`;
const order = "ORDER BY network, claimed_ms, prefix";

export function blocksTable(access: Access): Blocks {
  return {
    list: (network) =>
      access.read((sql) =>
        (network === undefined
          ? sql.all<StoredBlock>(`${select} ${order}`)
          : sql.all<StoredBlock>(`${select} WHERE network = ? ${order}`, network)
        ).map(blockOf),
      ),
    put: ({ network, prefix, revision, claimedMs, emptyMs = null, lostMs = null }) =>
      access.write(
        (sql) =>
          void sql.run(
            "INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?, ?)",
            network,
            prefix,
            revision,
            claimedMs,
            emptyMs,
            lostMs,
          ),
      ),
    remove: (network, prefix) =>
      access.write(
        (sql) => void sql.run("DELETE FROM blocks WHERE network = ? AND prefix = ?", network, prefix),
      ),
  };
}

const blockOf = ({ emptyMs, lostMs, ...row }: StoredBlock): BlockRow => ({
  ...row,
  ...(emptyMs === null ? {} : { emptyMs }),
  ...(lostMs === null ? {} : { lostMs }),
});
