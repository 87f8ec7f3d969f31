/** The name of our tables, and the version of everything in them. */
import type { NftFamily, TableName } from "../../netlink/nft/message.ts";

/**
 * Raise it with every change of sets or chains after a release: the next ADD replaces a table of an older version, and
 * refuses one of a newer version with an error that names both.
 */
export const LAYOUT_VERSION = 3;

/** The table whose comment tells the version. Any table of another family bears the same name and version. */
export const LAYOUT_TABLE: TableName = { family: "inet", table: "vswitch" };

/** The families in which there is a table of that name. */
export const LAYOUT_FAMILIES: readonly NftFamily[] = ["inet", "bridge"];

const COMMENT = /^vswitch-cni, layout ([0-9]+)$/;

export function layoutComment(version: number = LAYOUT_VERSION): string {
  return `vswitch-cni, layout ${version}`;
}

/** @returns undefined when the comment is not one of ours */
export function parseLayoutComment(comment: string | undefined): number | undefined {
  const version = COMMENT.exec(comment ?? "")?.[1];
  return version === undefined ? undefined : Number(version);
}
