import { describe, expect, it } from "vitest";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type { NetworkRow } from "../../../../lib/state/rows.ts";
import { dates } from "../../../../plugins/vswitch/agent/directory/since.ts";
import type { AgentStatus } from "../../../../plugins/vswitch/status/agent-status.ts";
import { formatStatus } from "../../../../plugins/vswitch/status/format-status.ts";
import { type StatusInput, statusView } from "../../../../plugins/vswitch/status/view.ts";

const nowMs = 10_000_000;
const tunnel = {
  name: "vsx-blue",
  uplink: "eth0",
  vtep: "192.0.2.1",
  mac: "0e:2a:c0:00:02:01",
  udpPort: 4789,
};
const endpoints = ["http://192.0.2.254:2379"];
const access = { type: "etcd", endpoints, prefix: "/vswitch" };
const blue = {
  ...{ name: "blue", kind: "overlay" },
  spec: {
    switch: { kind: "overlay", mode: "routed", vni: 4097, gateways: ["10.40.1.1/26"], tunnel },
    settings: {},
    directory: { access, blockBits: { 4: 26, 6: 122 } },
  },
} as NetworkRow;
const nat = {
  ...{ name: "nat", kind: "nat" },
  spec: { switch: { kind: "internal", gateways: ["10.88.0.1/16"] }, settings: {} },
} as NetworkRow;
const said: AgentStatus = {
  ...{ v: 1, pid: 77, version: "1.2.3", bootId: "boot", startedMs: nowMs - 7_200_000, complaints: [] },
  directories: [
    {
      ...{ type: "etcd", endpoints, prefix: "/vswitch", link: "up", sinceMs: nowMs - 3_600_000 },
      ...{ endpoint: "http://192.0.2.254:2379", listings: 3, listedMs: nowMs - 60_000, revision: "42" },
      node: { uid: "0123", name: "host1", vtep: "192.0.2.1" },
      ...{ networks: ["blue"], complaints: [] },
    },
  ],
  networks: [{ name: "blue", peers: 2, remembered: false, complaints: [] }],
};
const input = (over: Partial<StatusInput> = {}): StatusInput => ({
  ...{ networks: [blue, nat], endpoints: [], leases: [], alive: true, said },
  blocks: [{ network: "blue", prefix: prefix("10.40.1.0/26"), revision: "7", claimedMs: 1 }],
  snapshots: new Map([["blue", { peers: 2, savedMs: nowMs - 5000 }]]),
  ...over,
});
const shown = (over: Partial<StatusInput> = {}) => formatStatus(statusView(input(over)), nowMs).split("\n");

describe("the status", () => {
  it("says that all is well, and a line for each network", () => {
    expect(shown()).toEqual(
      [
        "all is well",
        "",
        "agent: runs for 2 h, process 77, version 1.2.3",
        "directory etcd http://192.0.2.254:2379/vswitch: connected to http://192.0.2.254:2379 for 60 min; revision 42, listed 60 s ago; this host is host1 (0123) at 192.0.2.1; networks blue",
        "network blue: overlay (routed), 10.40.1.1/26, 0 endpoints, VNI 4097 from 192.0.2.1 on eth0, 2 other hosts (written down 5 s ago)",
        "  block 10.40.1.0/26: 0 of 64 addresses in use",
        "network nat: nat (internal), 10.88.0.1/16, 0 endpoints",
      ].map((line) => line.replace("60 min", "1 h").replace("60 s ago", "1 min ago")),
    );
  });

  it("names the directory that is away first, since when, and what to do", () => {
    const [directory] = said.directories;
    const away = {
      ...directory,
      link: "away",
      error: "connect: ECONNREFUSED",
      sinceMs: nowMs - 30_000,
    } as never;
    const view = statusView(input({ said: { ...said, directories: [away] } }));
    expect(view.degraded).toBe(true);
    expect(formatStatus(view, nowMs).split("\n").slice(0, 2)).toEqual([
      "degraded",
      "  for 30 s: the directory is away: connect: ECONNREFUSED [directory-away]",
    ]);
  });

  it("takes nothing that an agent said for true that runs no more", () => {
    const view = statusView(input({ alive: false }));
    expect(view).toMatchObject({ degraded: true, agent: { state: "absent", needed: true } });
    expect(view.directories).toMatchObject([{ link: "unknown", complaints: [] }]);
  });

  it("needs no agent where no network has a directory", () => {
    const view = statusView(input({ networks: [nat], blocks: [], alive: false, said: undefined }));
    expect(view).toMatchObject({ degraded: false, agent: { state: "absent", needed: false } });
  });
});

describe("since when something is wrong", () => {
  const wrong = { code: "uplink-mtu", about: "blue", text: "narrow", remedy: "widen" } as const;
  const at = (ms: number, dating: ReturnType<typeof dates>) => {
    dating.begin(ms);
    const [first] = dating.date("network blue", ms === 300 ? [] : [{ ...wrong, text: `${ms}` }]);
    dating.end();
    return first?.sinceMs;
  };

  it("is when it was first said, whatever its words, and anew after it was gone", () => {
    const dating = dates(undefined);
    expect([100, 200, 300, 400].map((ms) => at(ms, dating))).toEqual([100, 100, undefined, 400]);
  });

  it("is remembered over a restart", () => {
    const [network] = said.networks;
    const before = {
      ...said,
      networks: [{ ...network, complaints: [{ ...wrong, sinceMs: 42 }] }],
    } as AgentStatus;
    expect(at(100, dates(before))).toBe(42);
  });
});
