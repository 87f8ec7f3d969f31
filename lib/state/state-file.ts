/** Makes the state file and replaces a damaged one: whole, under a lock, in its place by rename. */
import { Database } from "bun:sqlite";
import { nodeFs } from "../os/file.ts";
import { statFile } from "../os/stat.ts";
import { fillRecovered, fillSaved } from "./fill-recovered.ts";
import { identity, migrate } from "./migrate.ts";
import type { Recovered, RecoveredLease } from "./rows.ts";
import { nothingSalvaged, type Salvaged, salvage } from "./salvage.ts";
import { applicationId, unprovedId } from "./schema.ts";
import { busyTimeoutMs, openSql, rollBack, type Sql } from "./sql.ts";

export interface FileSource {
  readonly path: string;
  readonly bootId: string;
  readonly now: () => number;
  readonly warn: (text: string) => void;
  /** What the kernel knows of networks and endpoints. Who does not give it leaves that to the next who does. */
  readonly recover?: (() => Recovered) | undefined;
  /** Addresses in use as anybody else remembers them. */
  readonly recoverLeases?: (() => readonly RecoveredLease[]) | undefined;
}

/** Makes the file unless another process was quicker. @throws {Error} of the file system or SQLite */
export function createStateFile(source: FileSource): void {
  makeFolder(dirname(source.path));
  withLock(source.path, () => {
    const stat = statFile(source.path);
    if (stat !== undefined && stat.size > 0) return;
    build(source, learn(source), nothingSalvaged);
    // Leftovers of a file that was deleted by hand do not belong to the new one.
    for (const suffix of ["-wal", "-shm"]) nodeFs().rmSync(source.path + suffix, { force: true });
    nodeFs().renameSync(temporary(source.path), source.path);
  });
}

/**
 * Moves a damaged file out of the way and builds a new one from what can still be read and what `recover` says.
 *
 * @param inode of the file that was found damaged: when another is there by now, somebody else was quicker
 */
export function setAside(source: FileSource, inode: bigint, why: string): void {
  const { path } = source;
  withLock(path, () => {
    if (statFile(path)?.inode !== inode) return;
    const saved = salvage(path);
    const recovered = learn(source);
    build(source, recovered, saved);
    const aside = freeName(
      `${path}.corrupt-${new Date(source.now()).toISOString().replace(/[-:]|\.\d+/g, "")}`,
    );
    for (const suffix of ["", "-wal", "-shm"]) moveIfThere(path + suffix, aside + suffix);
    nodeFs().renameSync(temporary(path), path);
    const found = `${saved.leases.length} leases still readable, ${recovered.endpoints.length} endpoints found on the host`;
    source.warn(`state file ${path} was damaged (${why}); it is kept as ${aside} and was rebuilt: ${found}`);
  });
}

/** Adds what the kernel knows to a file that was made by a process that could not ask it. */
export function prove(sql: Sql, source: FileSource): void {
  if (source.recover === undefined) return;
  const recovered = source.recover();
  sql.script("BEGIN IMMEDIATE");
  try {
    if (identity(sql).application === unprovedId) {
      fillRecovered(sql, recovered, source);
      sql.script(`PRAGMA application_id = ${applicationId}`);
    }
    sql.script("COMMIT");
  } catch (error) {
    rollBack(sql);
    throw error;
  }
}

function learn({ recover, recoverLeases }: FileSource): Recovered {
  const recovered = recover?.() ?? { networks: [], endpoints: [] };
  return { ...recovered, leases: [...(recovered.leases ?? []), ...(recoverLeases?.() ?? [])] };
}

/** Of an absolute path. */
const dirname = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

const temporary = (path: string): string => `${path}.new`;

/** A complete file under a name of its own: nobody ever opens half a file. */
function build(source: FileSource, recovered: Recovered, saved: Salvaged): void {
  const path = temporary(source.path);
  for (const suffix of ["", "-wal", "-shm", "-journal"]) nodeFs().rmSync(path + suffix, { force: true });
  touch(path);
  const sql = openSql(path);
  try {
    const id = source.recover === undefined ? unprovedId : applicationId;
    sql.script(`PRAGMA journal_mode = WAL; PRAGMA application_id = ${id}`);
    migrate(sql);
    sql.script("BEGIN IMMEDIATE");
    fillSaved(sql, saved, recovered, source);
    fillRecovered(sql, recovered, source);
    sql.script("COMMIT");
  } finally {
    sql.close();
  }
}

/** An empty file that only its owner may read; SQLite gives its -wal and -shm the same mode. */
function touch(path: string): void {
  nodeFs().closeSync(nodeFs().openSync(path, "a", 0o600));
  nodeFs().chmodSync(path, 0o600);
}

function makeFolder(folder: string): void {
  if (statFile(folder) !== undefined) return;
  nodeFs().mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
  nodeFs().mkdirSync(folder, { recursive: true, mode: 0o700 });
  nodeFs().chmodSync(folder, 0o700);
}

/** SQLite's own file locks serve as a lock: the kernel drops them when a process dies. */
function withLock<T>(path: string, fn: () => T): T {
  const lock = `${dirname(path)}/state.lock`;
  touch(lock);
  const database = new Database(lock, { readwrite: true, create: true });
  try {
    database.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    database.run("BEGIN EXCLUSIVE");
    return fn();
  } finally {
    database.close();
  }
}

function moveIfThere(from: string, to: string): void {
  if (statFile(from) !== undefined) nodeFs().renameSync(from, to);
}

function freeName(name: string): string {
  for (let i = 0; ; i++) {
    const candidate = i === 0 ? name : `${name}-${i}`;
    if (statFile(candidate) === undefined) return candidate;
  }
}
