/** What was last known of the other hosts of overlay networks: by this they are reached before a directory answers. */
import type { DirectorySnapshot } from "../model/peer.ts";
import type { Access } from "./access.ts";

export interface Directories {
  get(network: string): DirectorySnapshot | undefined;
  put(network: string, snapshot: DirectorySnapshot): void;
  remove(network: string): void;
}

interface StoredDirectory {
  readonly revision: string;
  readonly peers: string;
  readonly savedMs: number;
}

const select = "SELECT revision, peers, saved_ms AS savedMs FROM directories WHERE network = ?";

export function directoriesTable(access: Access): Directories {
  return {
    get: (network) =>
      access.read((sql) => {
        const row = sql.get<StoredDirectory>(select, network);
        return row && { ...row, peers: JSON.parse(row.peers) };
      }),
    put: (network, { revision, peers, savedMs }) =>
      access.write((sql) => {
        const text = JSON.stringify(peers);
        sql.run("INSERT OR REPLACE INTO directories VALUES (?, ?, ?, ?)", network, revision, text, savedMs);
      }),
    remove: (network) =>
      access.write((sql) => void sql.run("DELETE FROM directories WHERE network = ?", network)),
  };
}
