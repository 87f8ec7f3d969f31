/** Opens the state file: made when it is missing, set aside when it is damaged, brought to our version when older. */
import { CniError, errorCode } from "../cni/error.ts";
import { statFile } from "../os/stat.ts";
import { isDamage } from "./damage.ts";
import { fitVersion } from "./migrate.ts";
import { emptySql, openSql, type Sql } from "./sql.ts";
import { createStateFile, type FileSource, prove, setAside } from "./state-file.ts";

export interface Connection {
  readonly sql: Sql;
  /** Which file was opened; undefined for none. */
  readonly inode: bigint | undefined;
}

/** Others may set the file aside again and again while we look; each of them only once. */
const attempts = 50;

/** @param create whether a missing file is made; else everything reads as empty and removals find nothing */
export function connect(source: FileSource, create: boolean): Connection {
  requireOwnFolder(source.path.slice(0, source.path.lastIndexOf("/")));
  for (let attempt = 0; attempt < attempts; attempt++) {
    const stat = statFile(source.path);
    if (stat === undefined || stat.size === 0) {
      if (!create) return { sql: emptySql, inode: undefined };
      createStateFile(source);
      continue;
    }
    const sql = opened(source, stat.inode);
    if (sql !== undefined) return { sql, inode: stat.inode };
  }
  throw new CniError(errorCode.tryAgainLater, `state file ${source.path} is being replaced`, {
    reason: "state-replaced",
  });
}

/** Whoever may write the folder could put a file of his own in the place of ours, or a link to somebody's. */
function requireOwnFolder(folder: string): void {
  const stat = statFile(folder);
  if (stat === undefined || (stat.owner === process.geteuid?.() && (stat.permissions & 0o022) === 0)) return;
  const rights = stat.permissions.toString(8).padStart(4, "0");
  throw new CniError(
    errorCode.ioFailure,
    `the state folder ${folder} belongs to user ${stat.owner} with rights ${rights}: others could change what is in it`,
    {
      reason: "data-dir-shared",
      details: "make it the plugin's user's own (chmod 0700), or set another dataDir",
    },
  );
}

/** @returns undefined when another attempt is due */
function opened(source: FileSource, inode: bigint): Sql | undefined {
  let sql: Sql | undefined;
  try {
    sql = openSql(source.path);
    const kind = fitVersion(sql, source.path);
    if (kind === "unproved") prove(sql, source);
    if (kind !== "foreign") return sql;
    sql.close();
    setAside(source, inode, "it is not a file of ours");
  } catch (error) {
    const isDamaged = isDamage(error, sql);
    sql?.close();
    if (!isDamaged) throw error;
    setAside(source, inode, String(error));
  }
  return undefined;
}
