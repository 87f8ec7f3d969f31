/** What the doctor asks of the machine itself. Changes nothing. */
import type { HostProbe, LayoutState } from "../model/probe.ts";
import type { Netlink } from "../netlink/connection.ts";
import { NetlinkError } from "../netlink/error.ts";
import { isErrno } from "../os/error.ts";
import { legacyTables } from "./foreign/legacy.ts";
import { decodeLayoutVersion, getBaseTable } from "./layout/base-table.ts";
import { getChains, isDamaged } from "./layout/damage.ts";
import { LAYOUT_VERSION } from "./layout/table.ts";
import type { Machine } from "./machine.ts";
import { probeFeatures } from "./probe-features.ts";

/** @throws {NetlinkError} or {SystemCallError}, without the permission to ask */
export function probeHost({ rules }: Pick<Machine, "rules">): HostProbe {
  const features = probeFeatures();
  const tables = features.filter(({ name }) => name.startsWith("nftables"));
  const askable = tables.every(({ refusal }) => refusal === undefined);
  return {
    features,
    layout: askable ? observeLayout(rules) : "absent",
    layoutVersion: LAYOUT_VERSION,
    legacyTables: legacyTables(),
  };
}

function observeLayout(rules: Netlink): LayoutState {
  const [table, ...chains] = rules.requests([getBaseTable(), ...getChains()]);
  if (table instanceof NetlinkError) {
    if (isErrno(table, "ENOENT")) return "absent";
    throw table;
  }
  const [reply] = table ?? [];
  const version = reply === undefined ? undefined : decodeLayoutVersion(reply);
  if (version === undefined) return "foreign";
  if (version !== LAYOUT_VERSION) return version;
  return isDamaged(chains) ? "damaged" : "current";
}
