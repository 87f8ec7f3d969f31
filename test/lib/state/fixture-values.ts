/** Owners, endpoints and intervals for tests of the store. */
import { ip } from "../../../lib/addr/ip.ts";
import { type Owner, ownerKey } from "../../../lib/model/owner.ts";
import type { AddressInterval, EndpointRow, LeaseOwner } from "../../../lib/state/rows.ts";

export function owner(containerId: string, over: Partial<LeaseOwner> = {}): LeaseOwner {
  const full: Owner = { network: over.network ?? "net", containerId, ifname: over.ifname ?? "eth0" };
  return { ...full, key: ownerKey(full), netns: over.netns ?? "" };
}

export function endpoint(containerId: string, over: Partial<EndpointRow> = {}): EndpointRow {
  const row = owner(containerId, over);
  return { ...row, phase: "adding", plan: null, bootId: "boot-1", createdMs: 1, ...over };
}

export function interval(first: string, last: string): AddressInterval {
  return { first: ip(first), last: ip(last) };
}
