/** What a host has of our tables. It is asked with every call, so by few requests that go out together. */
import type { LayoutState } from "../../model/probe.ts";
import { NetlinkError } from "../../netlink/error.ts";
import type { Reply, Request } from "../../netlink/message.ts";
import type { TableName } from "../../netlink/nft/message.ts";
import { getTable } from "../../netlink/nft/table.ts";
import { isErrno } from "../../os/error.ts";
import { decodeLayoutVersion } from "./base-table.ts";
import { getChains, isDamaged } from "./damage.ts";
import { LAYOUT_FAMILIES, LAYOUT_TABLE, LAYOUT_VERSION } from "./table.ts";

type Outcome = readonly Reply[] | NetlinkError;

const tables: readonly TableName[] = LAYOUT_FAMILIES.map((family) => ({ ...LAYOUT_TABLE, family }));

/** Answered to `layoutState`. */
export function getLayout(): readonly Request[] {
  return [...getTables(), ...getChains()];
}

/**
 * One table of two, or chains without their rules, are damage that a repair mends.
 *
 * @returns a number for tables of another version than ours; of two versions the newer one
 * @throws {NetlinkError} one of the outcomes, when it is another failure than ENOENT
 */
export function layoutState(outcomes: readonly Outcome[]): LayoutState {
  const versions = outcomes.slice(0, tables.length).map(versionOf);
  const damaged = isDamaged(outcomes.slice(tables.length));
  if (versions.every((version) => version === undefined)) return "absent";
  if (versions.includes("foreign")) return "foreign";
  const others = versions.filter((version) => typeof version === "number" && version !== LAYOUT_VERSION);
  if (others.length > 0) return Math.max(...others.map(Number));
  return damaged || versions.includes(undefined) ? "damaged" : "current";
}

/** Answered to `readableTables`. */
export function getTables(): readonly Request[] {
  return tables.map(getTable);
}

/**
 * Those that are there and hold what we know: of this version or an older one, whose elements have not changed since.
 *
 * @throws {NetlinkError} as above
 */
export function readableTables(outcomes: readonly Outcome[]): readonly TableName[] {
  const versions = outcomes.map(versionOf);
  return tables.filter((_, i) => {
    const version = versions[i];
    return typeof version === "number" && version <= LAYOUT_VERSION;
  });
}

/** "foreign" is a table of our name that is not ours. */
function versionOf(outcome: Outcome): number | "foreign" | undefined {
  if (outcome instanceof NetlinkError) {
    if (isErrno(outcome, "ENOENT")) return undefined;
    throw outcome;
  }
  const [reply] = outcome;
  return (reply && decodeLayoutVersion(reply)) ?? "foreign";
}
