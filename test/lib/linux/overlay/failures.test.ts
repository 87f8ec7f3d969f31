import { describe, expect, it, vi } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import { diff } from "../../../../lib/model/diff.ts";
import type { Peer } from "../../../../lib/model/peer.ts";
import { momentsOf } from "../fake-host.ts";
import { overlayLab } from "./fake-overlay.ts";

// The tables are the same for every host: their hundreds of messages are made once, as if the process had lived on.
vi.mock(import("../../../../lib/linux/layout/base-table.ts"), async (load) => {
  const real = await load();
  const messages = real.baseTable();
  return { ...real, baseTable: () => messages };
});

const node = { node: "two", vtep: ip("192.0.2.2"), mac: mac("0e:2a:c0:00:02:02") };
const stretched = { mode: "stretched", subnet: "10.50.0.0/24", directory: { type: "static", peers: [] } };
const container = { addresses: [ip("10.50.0.32"), ip("fd00:50::20")], mac: mac("0e:2a:0a:32:00:20") };

const cases = {
  routed: {
    one: { ips: ["10.40.1.7/24", "fd00:40:1::7/64"] },
    before: { ips: ["10.40.1.9/24", "fd00:40:1::9/64"] },
    peer: { ...node, subnets: [prefix("10.40.2.0/24"), prefix("fd00:40:2::/64")], endpoints: [] },
  },
  stretched: {
    one: { config: stretched, ips: ["10.50.0.16/24", "fd00:50::10/64"] },
    before: { config: stretched, ips: ["10.50.0.17/24", "fd00:50::11/64"] },
    peer: { ...node, subnets: [], endpoints: [container] },
  },
} satisfies Record<string, { readonly peer: Peer; readonly one: object; readonly before: object }>;

/** Whether it failed, which must be by an error. */
function fails(act: () => void): boolean {
  try {
    act();
    return false;
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return true;
  }
}

describe.each(["routed", "stretched"] as const)("a refusal on an overlay network, %s", (mode) => {
  const { one, before, peer } = cases[mode];

  it("at any moment of attaching and reaching is an error, and the next try comes to the same end", () => {
    const host = overlayLab();
    const first = host.planned(before, "before");
    host.attach(first, [peer]);
    const plan = host.planned({ ...one, over: { switch: first.switch } });
    const [again, start] = [host.kernel.save(), host.kernel.dump()];
    const moments = momentsOf(host, () => host.attach(plan, [peer]));
    const done = host.kernel.dump();
    expect(moments.length).toBeGreaterThan(10);
    for (const k of moments) {
      again();
      host.kernel.failAt(k, "ENOMEM");
      const title = () => host.kernel.log.at(-1);
      expect(
        fails(() => host.attach(plan, [peer])),
        title(),
      ).toBe(true);
      host.kernel.calm();
      // As ADD does: what was attached before a peer could not be reached goes again.
      host.backend.remove({ key: plan.key, plan });
      expect(host.kernel.dump(), title()).toBe(start);
      host.attach(plan, [peer]);
      expect(host.kernel.dump(), title()).toBe(done);
    }
  });

  it("on a fresh host leaves at most the switch, which the next try completes or the last one removes", () => {
    const host = overlayLab();
    const plan = host.planned(one);
    const [again, empty] = [host.kernel.save(), host.kernel.dump()];
    const asked = host.kernel.log.length;
    const all = momentsOf(host, () => host.attach(plan, [peer]));
    // What only reads elements and chains changes nothing that the next one would find.
    const moments = all.filter(
      (k) => !/^(get element|list chain) /.test(host.kernel.log[asked + k - 1] ?? ""),
    );
    const done = host.kernel.dump();
    for (const k of moments) {
      again();
      host.kernel.failAt(k, "ENOMEM");
      expect(fails(() => host.attach(plan, [peer]))).toBe(true);
      host.kernel.calm();
      host.backend.remove({ key: plan.key, plan });
      const title = host.kernel.log.at(-1);
      const left = host.kernel.save();
      host.attach(plan, [peer]);
      expect(host.kernel.dump(), title).toBe(done);
      left();
      expect(host.backend.removeSwitch({ ...plan.switch, definition: plan.switch })).toBe(true);
      expect(host.kernel.dump().split("\n/run")[0], title).toBe(empty.split("\n/run")[0]);
    }
  });

  it("at any moment of removing the switch is an error, and the next try ends it", () => {
    const host = overlayLab();
    const plan = host.planned(one);
    host.attach(plan, [peer]);
    host.backend.remove({ key: plan.key, plan });
    const unused = host.kernel.save();
    const removed = { ...plan.switch, definition: plan.switch };
    const moments = momentsOf(host, () => host.backend.removeSwitch(removed));
    const without = host.kernel.dump();
    expect(without).not.toMatch(/vsx-blue|vsw-blue|unreachable|table/);
    for (const k of moments) {
      unused();
      host.kernel.failAt(k, "EINVAL");
      expect(fails(() => host.backend.removeSwitch(removed))).toBe(true);
      host.kernel.calm();
      expect(host.backend.removeSwitch(removed)).toBe(true);
      expect(host.kernel.dump()).toBe(without);
    }
  });

  it("at any moment of observing and comparing is an error, never a difference", () => {
    const host = overlayLab();
    const plan = host.planned(one);
    host.attach(plan, [peer]);
    const look = () => [
      ...diff(plan, host.backend.observe(plan)),
      ...(host.backend.comparePeers(plan.switch, { peers: [peer], own: [] }) ?? []),
    ];
    const moments = momentsOf(host, () => expect(look()).toEqual([]));
    for (const k of moments) {
      host.kernel.failAt(k, "ENOMEM");
      expect(fails(look)).toBe(true);
    }
  });
});
