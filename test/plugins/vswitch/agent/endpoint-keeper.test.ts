import { describe, expect, it } from "vitest";
import type { Plan } from "../../../../lib/model/plan.ts";
import type { Repair } from "../../../../lib/seam/tool-backend.ts";
import { endpointKeeper } from "../../../../plugins/vswitch/agent/endpoint-keeper.ts";
import type { Host } from "../../../../plugins/vswitch/host.ts";
import type { RepairReport } from "../../../../plugins/vswitch/repair/repair.ts";
import { memoryState, memoryStore } from "../../../lib/state/memory-store.ts";
import { endpointRow } from "../fixture.ts";

const bootId = "this boot";
const asPlanned = { before: [], after: [], steps: [] } as unknown as Repair;

/** Two attachments, and what each is mended by. @param meanwhile is done while the first one is looked at */
function scene(meanwhile: (host: Host) => void) {
  const store = memoryStore(memoryState(), bootId, Date.now);
  const mended: Plan[] = [];
  const reports: RepairReport[] = [];
  const backend = {
    repair: (plan: Plan) => {
      mended.push(plan);
      if (mended.length === 1) meanwhile(host);
      return asPlanned;
    },
  };
  const host = { store, backend, bootId } as unknown as Host;
  const rows = ["a", "b"].map((containerId, i) =>
    endpointRow({ owner: { network: "net", containerId }, ips: [`10.88.0.${i + 2}/16`] }, { bootId }),
  );
  for (const row of rows) store.endpoints.put(row);
  const log = { say: () => {}, warn: () => {}, report: (report: RepairReport) => void reports.push(report) };
  const keeper = endpointKeeper("/nowhere", log);
  return { look: () => keeper.look(host, "all", () => false), mended, reports };
}

describe("an attachment that an agent looks at", () => {
  it("is mended by its plan of that moment, not by the one that was read with all others", async () => {
    const { look, mended } = scene(({ store }) => {
      for (const row of store.endpoints.list("net"))
        if (row.plan !== null)
          store.endpoints.put({
            ...row,
            plan: { ...row.plan, switch: { ...row.plan.switch, gateways: [] } },
          });
    });
    await look();
    expect(mended.map((plan) => plan.switch.gateways.length)).toEqual([1, 0]);
  });

  it("is left alone when DEL took it meanwhile", async () => {
    const { look, mended, reports } = scene(({ store }) => {
      for (const { key } of store.endpoints.list("net"))
        if (key !== mended[0]?.key) store.endpoints.remove(key);
    });
    await look();
    expect(mended).toHaveLength(1);
    expect(reports).toHaveLength(1);
  });
});
