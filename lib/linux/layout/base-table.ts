/** Our tables as the kernel gets them, once per host. */
import type { Reply, Request } from "../../netlink/message.ts";
import { addTable, decodeTable, deleteTable, getTable } from "../../netlink/nft/table.ts";
import { encodeRepair, encodeTable } from "./encode-table.ts";
import { layoutTables } from "./layout-tables.ts";
import { LAYOUT_TABLE, parseLayoutComment } from "./table.ts";

/**
 * All of the layout for one transaction. Look first whether it is there (`getBaseTable`): two processes that both
 * found none may both send this, and the later one gets EEXIST for the table and changes nothing.
 */
export function baseTable(): readonly Request[] {
  return layoutTables().flatMap(encodeTable);
}

/** For one transaction too: chains that somebody flushed or deleted get their rules back, elements stay. */
export function repairTable(): readonly Request[] {
  return layoutTables().flatMap(encodeRepair);
}

/** For one transaction: the tables of an older version go, with all that is in them, and ours come. */
export function replaceTable(): readonly Request[] {
  return layoutTables().flatMap((table) => [addTable(table), deleteTable(table), ...encodeTable(table)]);
}

/** One reply; ENOENT when the host has no table of ours. */
export function getBaseTable(): Request {
  return getTable(LAYOUT_TABLE);
}

/** @returns undefined for a table of that name that is not ours. @throws {RangeError} when the reply is truncated */
export function decodeLayoutVersion(reply: Reply): number | undefined {
  return parseLayoutComment(decodeTable(reply).comment);
}
