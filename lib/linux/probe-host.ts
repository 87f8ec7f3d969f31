/** What the doctor asks of the machine itself. Changes nothing. */
import type { HostProbe } from "../model/probe.ts";
import { legacyTables } from "./foreign/legacy.ts";
import { getLayout, layoutState } from "./layout/layout-state.ts";
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
    layout: askable ? layoutState(rules.requests(getLayout())) : "absent",
    layoutVersion: LAYOUT_VERSION,
    legacyTables: legacyTables(),
  };
}
