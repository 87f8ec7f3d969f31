import { describe, expect, it } from "vitest";
import { diff } from "../../../lib/model/diff.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import type { InternalSwitch } from "../../../lib/model/switch.ts";
import type { NftFamily } from "../../../lib/netlink/nft/message.ts";
import { deleteTable } from "../../../lib/netlink/nft/table.ts";
import { type Lab, lab } from "./fake-host.ts";
import { everyPolicy } from "./policies.ts";

const families = ["inet", "bridge"] as const;
const drop = ({ kernel }: Lab, family: NftFamily) =>
  kernel.rules.transaction([deleteTable({ family, table: "vswitch" })]);
const differences = ({ backend }: Lab, plan: Plan) =>
  diff(plan, backend.observe(plan)).map(({ what }) => what);

function attached(): { readonly host: Lab; readonly plan: Plan<InternalSwitch> } {
  const host = lab();
  const plan = host.plan(everyPolicy);
  host.apply(plan);
  return { host, plan };
}

describe.each(families)("a host whose table %s vswitch was deleted, and the other one not", (family) => {
  it("lacks it in CHECK's words, with all elements that were in it", () => {
    const { host, plan } = attached();
    drop(host, family);
    const missing = differences(host, plan);
    expect(missing).toContain("rules of the nftables tables inet vswitch and bridge vswitch");
    const elements = missing.filter((line) => line.startsWith("add element"));
    expect(elements.length).toBeGreaterThan(5);
    expect(elements.filter((line) => !line.startsWith(`add element ${family} vswitch`))).toEqual([]);
  });

  it("is made whole by the next attachment, and other attachments too", () => {
    const { host, plan } = attached();
    const before = host.kernel.dump();
    drop(host, family);
    const next = host.plan({
      owner: { containerId: "c2" },
      ips: ["10.88.0.6/16"],
      over: { switch: plan.switch },
    });
    host.apply(next, [plan]);
    expect(differences(host, plan)).toEqual([]);
    expect(differences(host, next)).toEqual([]);
    host.backend.remove({ key: next.key, plan: next });
    const sorted = (dump: string) => dump.split("\n").toSorted();
    const compartment = ["/run/netns/c2", "  link lo address 02:00:00:00:00:00 mtu 1500 up"];
    expect(sorted(host.kernel.dump())).toEqual(sorted([before, ...compartment].join("\n")));
  });

  it.each(["its plan", "its key alone"])("can be cleaned of an attachment by %s", (by) => {
    const { host, plan } = attached();
    drop(host, family);
    host.backend.remove({ key: plan.key, ...(by === "its plan" ? { plan } : {}) });
    expect(host.kernel.dump()).not.toContain(plan.port.name);
    expect(host.backend.removeSwitch(plan.switch)).toBe(true);
    expect(host.kernel.dump()).not.toContain("vswitch");
  });
});
