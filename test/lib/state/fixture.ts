/** What tests of the store share: folders that go away, owners, intervals. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { type Owner, ownerKey } from "../../../lib/model/owner.ts";
import type { AddressInterval, EndpointRow, LeaseOwner } from "../../../lib/state/rows.ts";
import { openStore, type Store, type StoreOptions } from "../../../lib/state/store.ts";

/** A folder that is removed after the test. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "vswitch-state-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function testStore(options: Partial<StoreOptions> & Pick<StoreOptions, "dataDir">): Store {
  const store = openStore({ bootId: "boot-1", now: Date.now, warn: () => undefined, ...options });
  onTestFinished(() => store.close());
  return store;
}

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
