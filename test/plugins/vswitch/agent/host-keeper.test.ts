import { describe, expect, it } from "vitest";
import type { DhcpBackend } from "../../../../lib/seam/dhcp-backend.ts";
import type { DhcpRow } from "../../../../lib/state/rows.ts";
import { hostKeeper } from "../../../../plugins/vswitch/agent/dhcp/host-keeper.ts";
import type { Host } from "../../../../plugins/vswitch/host.ts";
import { testFolder, testStore } from "../../../lib/state/fixture.ts";
import { dhcpRow4, dhcpRow6 } from "../../../lib/state/fixture-values.ts";

/** A host whose state knows these leases and no endpoint. */
function keeping(rows: readonly DhcpRow[], openLink: DhcpBackend["openLink"] = () => undefined) {
  const bootId = "boot-1";
  const store = testStore({ dataDir: testFolder(), bootId, now: () => Date.now() });
  for (const row of rows) store.dhcp.put({ ...row, bootId });
  const warnings: string[] = [];
  const keeper = hostKeeper({
    host: () => ({ store, bootId, backend: { compartmentExists: () => true } }) as unknown as Host,
    dhcp: { openLink, openHost: () => undefined } as Partial<DhcpBackend> as DhcpBackend,
    log: { say() {}, report() {}, warn: (text) => warnings.push(text) },
  });
  /** Two looks, as far apart as the keeper wants them. */
  const look = (): readonly string[] => {
    const realNow = Date.now;
    try {
      for (const afterMs of [0, 60_000]) {
        Date.now = () => realNow() + afterMs;
        keeper.tick();
      }
    } finally {
      Date.now = realNow;
    }
    return store.dhcp.list().map(({ containerId, family }) => `${containerId}/${family}`);
  };
  return { look, warnings };
}

describe("the keeper of this host's leases", () => {
  it("gives back what has no endpoint, save the leases of plugins that are not ours", () => {
    const { look } = keeping([dhcpRow4("ours", { device: "eth0" }), dhcpRow4("macvlan", { device: "" })]);
    expect(look()).toEqual(["macvlan/4"]);
  });

  it("tells once what goes on with each of two families", () => {
    const over = { device: "" };
    const { look, warnings } = keeping([dhcpRow4("web", over), dhcpRow6("web", over)], (_, __, family) => {
      throw new Error(`no socket of family ${family}`);
    });
    look();
    look();
    expect(warnings).toHaveLength(2);
  });
});
