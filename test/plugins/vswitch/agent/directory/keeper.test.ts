import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import type { OverlaySwitch } from "../../../../../lib/model/switch.ts";
import { rewriteSwitch } from "../../../../../lib/verbs/rewrite-switch.ts";
import type {
  Memberships,
  MembershipsOptions,
} from "../../../../../plugins/vswitch/agent/directory/memberships.ts";
import type { Host } from "../../../../../plugins/vswitch/host.ts";
import { memoryState, memoryStore } from "../../../../lib/state/memory-store.ts";
import { overlayPlan, underlayHost } from "../../../overlay/fixture.ts";
import { rowOf } from "../../fixture.ts";

const own = vi.hoisted(() => ({ options: undefined as MembershipsOptions | undefined }));
vi.mock("../../../../../plugins/vswitch/agent/directory/memberships.ts", () => ({
  memberships: (options: MembershipsOptions): Memberships => {
    own.options = options;
    return {
      ...{ count: 0, reported: [], join: () => {}, peers: () => new Map(), complaints: () => [] },
      ...{ tick: () => {}, nextMs: () => Number.POSITIVE_INFINITY, relist: () => {}, close: async () => {} },
    };
  },
}));
const { directoryKeeper } = await import("../../../../../plugins/vswitch/agent/directory/keeper.ts");

it("a switch is never mended by what was wanted before one of its addresses was taken away", async () => {
  const bootId = "this boot";
  const store = memoryStore(memoryState(), bootId, Date.now);
  const plan = overlayPlan({ ips: ["10.40.1.2/24"] });
  store.networks.put({ name: "blue", kind: "overlay", spec: { switch: plan.switch, settings: {} } });
  store.endpoints.put(rowOf(plan, { bootId }));
  const mended: number[] = [];
  const backend = {
    observeHost: () => underlayHost,
    connectPeers: () => undefined,
    repairSwitch: ({ gateways }: OverlaySwitch) => {
      mended.push(gateways.length);
      return [];
    },
  };
  const dataDir = mkdtempSync(join(tmpdir(), "vst-keeper-"));
  try {
    const host = { store, backend, bootId, dataDir } as unknown as Host;
    const log = { say: () => {}, warn: () => {}, report: () => {} };
    const keeper = directoryKeeper({ host: () => host, dataDir, log });
    keeper.tick();
    expect(mended).toEqual([1]);

    rewriteSwitch(store, "blue", (known) => ({ ...known, gateways: [] }));
    own.options?.onStore();
    // What the kernel tells of it comes at once.
    keeper.hear([{ kind: "interface", name: plan.switch.name }]);
    keeper.tick();
    const again = (): number => {
      keeper.tick();
      return mended.length;
    };
    await expect.poll(again).toBe(2);
    expect(mended).toEqual([1, 0]);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});
