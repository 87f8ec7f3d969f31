import { describe, expect, it } from "vitest";
import type { Operation } from "../../../../lib/etcd/etcd.ts";
import { decodePage, decodeTxn, revisionOf } from "../../../../lib/etcd/wire/answers.ts";
import { GarbageError, parseJson } from "../../../../lib/etcd/wire/read.ts";

const header =
  '"header":{"cluster_id":"2037210783374497686","member_id":"13195394291058371180","revision":"3","raft_term":"2"}';

describe("an answer of etcd 3.4", () => {
  it("to a range has keys, and numbers beyond 2^53 unharmed", () => {
    const answer = parseJson(
      `{${header},"kvs":[{"key":"L2E=","create_revision":"9007199254740993","mod_revision":"9223372036854775807","version":"1","value":"MQ==","lease":"9041998804228907532"}],"more":true,"count":"12"}`,
    );
    expect(decodePage(answer)).toEqual({
      kvs: [
        {
          key: "/a",
          value: "1",
          createRevision: "9007199254740993",
          modRevision: "9223372036854775807",
          version: "1",
          lease: "9041998804228907532",
          garbled: false,
        },
      ],
      count: 12,
      more: true,
      lastKey: "L2E=",
    });
    expect(revisionOf(answer)).toBe("3");
  });

  it("leaves out what is zero or empty", () => {
    expect(decodePage(parseJson(`{${header}}`))).toEqual({ kvs: [], count: 0, more: false, lastKey: "" });
    const page = decodePage(parseJson(`{${header},"kvs":[{"key":"L2E="}],"count":"1"}`));
    expect(page.kvs[0]).toMatchObject({ key: "/a", value: "", version: "0", lease: "0" });
  });

  const failure: readonly Operation[] = [
    { kind: "range", key: "/a" },
    { kind: "delete", key: "/nn" },
    { kind: "put", key: "/c", value: "" },
  ];

  it("to a transaction whose conditions did not hold is that of the other branch", () => {
    const answer = parseJson(
      `{${header},"responses":[{"response_range":{"header":{"revision":"2"},"kvs":[{"key":"L2E=","create_revision":"2","mod_revision":"2","version":"1","value":"MQ=="}],"count":"1"}},{"response_delete_range":{"header":{"revision":"2"}}},{"response_put":{"header":{"revision":"3"}}}]}`,
    );
    expect(decodeTxn(answer, [], failure)).toEqual({
      succeeded: false,
      responses: [
        { kind: "range", kvs: [expect.objectContaining({ key: "/a", value: "1" })], count: 1 },
        { kind: "delete", deleted: 0 },
        { kind: "put" },
      ],
      revision: "3",
    });
  });

  it.each([
    ["no JSON", "<html>"],
    ["a list", "[]"],
    ["no header", "{}"],
    ["no revision", '{"header":{}}'],
    ["a revision of another kind", '{"header":{"revision":"x"}}'],
    ["a number that lost its last digits", '{"header":{"revision":9041998804228907532}}'],
    ["too few responses", `{${header},"responses":[{"response_put":{}}]}`],
    [
      "responses of another kind",
      `{${header},"responses":[{"response_put":{}},{"response_put":{}},{"response_put":{}}]}`,
    ],
    [
      "keys of another kind",
      `{${header},"responses":[{"response_range":{"kvs":{}}},{"response_delete_range":{}},{"response_put":{}}]}`,
    ],
  ])("is none: %s", (_, text) => {
    expect(() => decodeTxn(parseJson(text), [], failure)).toThrow(GarbageError);
  });
});
