/** What the tool's pure parts work on, as short as a test can say it. */
import type { PortCounters } from "../../../lib/model/counters.ts";
import { type Plan, portName } from "../../../lib/model/plan.ts";
import type { EndpointRow, NetworkRow } from "../../../lib/state/rows.ts";
import { type NatCase, natPlan } from "../nat/fixture.ts";

/** A row as ADD leaves it. */
export const endpointRow = (one: NatCase, over: Partial<EndpointRow> = {}): EndpointRow =>
  rowOf(natPlan(one), over);

export function rowOf(plan: Plan, over: Partial<EndpointRow> = {}): EndpointRow {
  return {
    ...plan.owner,
    key: plan.key,
    netns: plan.compartment.path,
    phase: "ready",
    plan,
    bootId: "this boot",
    createdMs: 1_000,
    ...over,
  };
}

/** The network of an endpoint as the store remembers it. */
export function networkRow({ network, plan }: EndpointRow): NetworkRow {
  return { name: network, kind: "nat", spec: { switch: plan?.switch, settings: {} } };
}

/** Counters of an endpoint's port. */
export function portCounters(row: EndpointRow, over: Partial<PortCounters> = {}): PortCounters {
  const name = portName(row.key);
  const [out, into] = [
    { packets: 10, bytes: 1500 },
    { packets: 20, bytes: 2_500_000 },
  ];
  return { name, key: row.key, up: true, switch: "vsw-net", out, in: into, drops: [], ...over };
}
