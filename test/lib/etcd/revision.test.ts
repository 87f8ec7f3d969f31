import { expect, it } from "vitest";
import { compareRevisions, laterRevision, nextRevision } from "../../../lib/etcd/revision.ts";

it("revisions beyond 2^53 are told apart", () => {
  expect(nextRevision("9007199254740992")).toBe("9007199254740993");
  expect(laterRevision("9007199254740993", "9007199254740992")).toBe("9007199254740993");
  expect(["10", "9", "9007199254740993", "9007199254740992"].toSorted(compareRevisions)).toEqual([
    "9",
    "10",
    "9007199254740992",
    "9007199254740993",
  ]);
  expect(compareRevisions("7", "7")).toBe(0);
});
