import { describe, expect, test } from "vitest";
import type { Counters, Drops, TunnelCounters } from "../../../../lib/model/counters.ts";
import {
  formatStats,
  formatStatsJson,
  formatStatsLines,
} from "../../../../plugins/vswitch/stats/format-stats.ts";
import { sampleOf } from "../../../../plugins/vswitch/stats/rates.ts";
import { expectApproved } from "../../../approved.ts";
import { endpointRow, portCounters } from "../fixture.ts";

const web = endpointRow({ ips: ["10.88.0.5/16"] });
const base = endpointRow({ owner: { containerId: "c2" }, ips: ["10.88.0.6/16"] });
const stranger = { ...portCounters(web), name: "vp-0", key: "0" };

const at = (atMs: number, ...ports: Counters["ports"]): Counters => ({ atMs, switches: [], ports });
const before = at(0, portCounters(web), portCounters(base), stranger);
const after = at(
  2000,
  portCounters(web, {
    out: { packets: 30, bytes: 31_500 },
    in: { packets: 20, bytes: 2_500_000 },
    drops: [
      { layer: "guard", direction: "Out", packets: 4, reason: "spoofed" },
      { layer: "acl", direction: "In", packets: 2 },
    ],
  }),
  portCounters(base, { out: { packets: 510, bytes: 750_001_500 } }),
);

describe("the rates of ports", () => {
  test("are what passed between two looks, by the seconds between them", () => {
    const [port] = sampleOf(after, [web, base], before).ports;
    expect(port?.out).toEqual({ packets: 30, bytes: 31_500, packetsPerSecond: 10, bytesPerSecond: 15_000 });
    expect(port?.in).toMatchObject({ packetsPerSecond: 0, bytesPerSecond: 0 });
    expect(port?.droppedPerSecond).toBe(3);
  });

  test("are not known at the first look, of a new port, or where no time has passed", () => {
    expect(sampleOf(after, [web]).ports[0]?.out).not.toHaveProperty("packetsPerSecond");
    expect(sampleOf(after, [web], at(0)).ports[0]?.out).not.toHaveProperty("packetsPerSecond");
    expect(sampleOf(after, [web], { ...before, atMs: 2000 }).ports[0]).not.toHaveProperty("droppedPerSecond");
  });

  test("of a port that was made anew count from nothing", () => {
    const again = at(2000, portCounters(web, { out: { packets: 4, bytes: 400 } }));
    expect(sampleOf(again, [web], before).ports[0]?.out).toMatchObject({ packetsPerSecond: 2 });
  });
});

describe("what stats prints", () => {
  test("is as approved: totals, rates, lines, JSON", () => {
    const owners = [web, base];
    const rates = sampleOf(after, owners, before);
    const parts = [
      formatStats(sampleOf(before, owners)),
      formatStats(rates),
      formatStats(rates, 1),
      formatStatsLines(rates),
      formatStatsJson(rates),
      formatStats(sampleOf(at(0), owners)),
    ];
    expectApproved("plugins/vswitch/stats/stats.txt", parts.join("\n\n"));
  });
});

describe("what stats prints of overlay networks", () => {
  test("is as approved: their tunnels below the ports", () => {
    const tunnel = (packets: number, drops: readonly Drops[] = []): TunnelCounters => ({
      name: "vsx-blue",
      network: "blue",
      vni: 4097,
      up: true,
      out: { packets, bytes: packets * 1000 },
      in: { packets: 2 * packets, bytes: packets * 2000 },
      drops,
    });
    const then: Counters = { ...at(0, portCounters(web)), tunnels: [tunnel(10)] };
    const dropped = [
      { layer: "tunnel", direction: "In", packets: 3, reason: "not of the network" },
      { layer: "kernel", direction: "Out", packets: 1 },
    ] as const;
    const now: Counters = { ...at(2000, portCounters(web)), tunnels: [tunnel(30, dropped)] };
    const rates = sampleOf(now, [web], then);
    const parts = [
      formatStats(sampleOf(then, [web])),
      formatStats(rates),
      formatStatsLines(rates),
      formatStatsJson(rates),
    ];
    expectApproved("plugins/vswitch/stats/tunnels.txt", parts.join("\n\n"));
  });
});
