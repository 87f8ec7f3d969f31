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

/** @param create whether a missing file is made; else everything reads as empty and removals find nothing */
export function connect(source: FileSource, create: boolean): Connection {
  for (let attempt = 0; attempt < 5; attempt++) {
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
