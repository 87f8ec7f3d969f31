import { describe, expect, it } from "vitest";
import { absent, unchanged } from "../../../../lib/etcd/conditions.ts";
import { encodeRange, encodeRangeOptions, encodeTxn } from "../../../../lib/etcd/wire/requests.ts";

describe("a range", () => {
  // etcdctl get --prefix /a/ (as the gateway's JSON)
  it("by prefix has both ends", () => {
    expect(encodeRange({ prefix: "/a/" })).toEqual({ key: "L2Ev", range_end: "L2Ew" });
    expect(encodeRange({ key: "/a" })).toEqual({ key: "L2E=" });
  });

  it("names its options as etcd does, since it takes no notice of others", () => {
    const revision = "9223372036854775807";
    expect(encodeRangeOptions({ limit: 1000, revision, keysOnly: true, serializable: true })).toEqual({
      limit: "1000",
      revision,
      keys_only: true,
      serializable: true,
    });
    expect(encodeRangeOptions({ keysOnly: false, serializable: false })).toEqual({});
  });
});

describe("a transaction", () => {
  it("is conditions and two lists of operations", () => {
    const body = encodeTxn(
      [
        absent("/a"),
        unchanged({ key: "/b", modRevision: "9041998804228907532" }),
        { key: "/c", target: "version", result: ">", number: "1" },
        { key: "/d", target: "value", result: "!=", value: "x" },
        { key: "/e", target: "mod", result: "<", number: "7" },
      ],
      [
        { kind: "put", key: "/a", value: "1" },
        { kind: "put", key: "/b", value: "", lease: "9041998804228907532" },
        { kind: "delete", prefix: "/c/" },
      ],
      [{ kind: "range", key: "/a", limit: 1, keysOnly: true }],
    );
    expect(body).toEqual({
      compare: [
        { key: "L2E=", result: "EQUAL", target: "CREATE", create_revision: "0" },
        { key: "L2I=", result: "EQUAL", target: "MOD", mod_revision: "9041998804228907532" },
        { key: "L2M=", result: "GREATER", target: "VERSION", version: "1" },
        { key: "L2Q=", result: "NOT_EQUAL", target: "VALUE", value: "eA==" },
        { key: "L2U=", result: "LESS", target: "MOD", mod_revision: "7" },
      ],
      success: [
        { request_put: { key: "L2E=", value: "MQ==" } },
        { request_put: { key: "L2I=", value: "", lease: "9041998804228907532" } },
        { request_delete_range: { key: "L2Mv", range_end: "L2Mw" } },
      ],
      failure: [{ request_range: { key: "L2E=", limit: "1", keys_only: true } }],
    });
  });
});
