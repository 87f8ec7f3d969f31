import { describe, expect, it } from "vitest";
import { backoffMs } from "../../../../lib/etcd/watch/backoff.ts";
import { decodeWatchLine } from "../../../../lib/etcd/watch/message.ts";
import { GarbageError } from "../../../../lib/etcd/wire/read.ts";

const header = (revision?: string) =>
  `"header":{"cluster_id":"11452099400649647387","member_id":"13195394291058371180",${revision ? `"revision":"${revision}",` : ""}"raft_term":"2"}`;

describe("a line of a watch (of etcd 3.4)", () => {
  it.each([
    [
      "created",
      `{"result":{${header("3")},"created":true}}`,
      { kind: "created", revision: "3", clusterId: "11452099400649647387" },
    ],
    [
      "progress",
      `{"result":{${header("9007199254740993")}}}`,
      { kind: "progress", revision: "9007199254740993" },
    ],
    [
      "canceled by compaction, in a header without a revision",
      `{"result":{${header()},"canceled":true,"compact_revision":"3"}}`,
      { kind: "compacted", compactRevision: "3" },
    ],
    [
      "created and canceled at once",
      `{"result":{${header("3")},"created":true,"canceled":true,"cancel_reason":"etcdserver: permission denied"}}`,
      {
        kind: "failed",
        failure: { kind: "refused", why: "etcdserver: permission denied", outcome: "none" },
      },
    ],
    [
      "canceled without a word",
      `{"result":{${header("3")},"canceled":true}}`,
      {
        kind: "failed",
        failure: { kind: "other", why: "the watch was canceled", outcome: "none" },
      },
    ],
    [
      "the loss of the leader",
      '{"error":{"grpc_code":14,"http_code":503,"message":"etcdserver: no leader","http_status":"Service Unavailable"}}',
      { kind: "failed", failure: { kind: "noLeader", why: "etcdserver: no leader", outcome: "none" } },
    ],
    [
      "the loss of the leader (of etcd 3.6)",
      '{"error":{"code":14,"message":"etcdserver: no leader","details":[]}}',
      { kind: "failed", failure: { kind: "noLeader", why: "etcdserver: no leader", outcome: "none" } },
    ],
  ])("tells of %s", (_, line, expected) => {
    expect(decodeWatchLine(line)).toEqual(expected);
  });

  it("tells of puts without a type, and of deletes without a version", () => {
    const line = `{"result":{${header("4")},"events":[{"kv":{"key":"L2M=","create_revision":"3","mod_revision":"3","version":"1"}},{"type":"DELETE","kv":{"key":"L2E=","mod_revision":"4"}}]}}`;
    expect(decodeWatchLine(line)).toEqual({
      kind: "events",
      events: [
        {
          kind: "put",
          kv: {
            key: "/c",
            value: "",
            createRevision: "3",
            modRevision: "3",
            version: "1",
            lease: "0",
            garbled: false,
          },
        },
        { kind: "delete", key: "/a", modRevision: "4", garbled: false },
      ],
    });
  });

  it.each([
    ["{"],
    ["{}"],
    ['{"result":{}}'],
    ['{"result":{"header":{},"created":true}}'],
    ['{"result":{"events":[{}]}}'],
  ])("is none: %s", (line) => {
    expect(() => decodeWatchLine(line)).toThrow(GarbageError);
  });
});

describe("the wait before another try", () => {
  it("doubles from 0.1 s to 30 s, and is never less than half of that", () => {
    const tries = [1, 2, 3, 9, 10, 1000];
    expect(tries.map((n) => backoffMs(n, 0))).toEqual([50, 100, 200, 12_800, 15_000, 15_000]);
    expect(tries.map((n) => Math.round(backoffMs(n, 0.999999)))).toEqual([
      100, 200, 400, 25_600, 30_000, 30_000,
    ]);
  });
});
