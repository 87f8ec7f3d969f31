/** Owners, endpoints and intervals for tests of the store. */
import { ip } from "../../../lib/addr/ip.ts";
import { mac } from "../../../lib/addr/mac.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import { clientId } from "../../../lib/dhcp/client-id.ts";
import { type Owner, ownerKey } from "../../../lib/model/owner.ts";
import type { AddressInterval, DhcpRow, EndpointRow, LeaseOwner } from "../../../lib/state/rows.ts";

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

type RowOf<F extends DhcpRow["family"]> = Extract<DhcpRow, { family: F }>;
const times = { obtainedMs: 1, renewMs: 2, rebindMs: 3, expiresMs: 4 };

export function dhcpRow4(containerId: string, over: Partial<RowOf<4>> = {}): RowOf<4> {
  const lease = {
    address: prefix("10.9.0.10/24"),
    routes: [],
    dns: { nameservers: ["10.9.0.1"] },
    server: ip("10.9.0.1"),
    serverMac: mac("02:00:00:00:01:01"),
    ...times,
  };
  return { ...dhcpOwner(containerId), family: 4, lease, ...over };
}

export function dhcpRow6(containerId: string, over: Partial<RowOf<6>> = {}): RowOf<6> {
  const lease = { address: ip("fd09::10"), dns: {}, server: "0001", preferredMs: 3, ...times };
  return { ...dhcpOwner(containerId), family: 6, lease, ...over };
}

function dhcpOwner(containerId: string) {
  const known = owner(containerId);
  const [device, bootId, address] = ["eth9", "boot-1", mac("02:00:00:00:00:02")];
  return { ...known, device, mac: address, clientId: clientId(known.key), bootId };
}
