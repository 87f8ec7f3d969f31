import { describe, expect, it } from "vitest";
import { type Doubt, hasShrunk, judgeListing } from "../../../lib/directory/judge-listing.ts";
import { emptyState, type Listing, type Stored } from "../../../lib/directory/state.ts";
import { block, layout, node, stateOf, stored } from "./some-directory.ts";

const nodes = (...numbers: readonly number[]): readonly Stored[] =>
  numbers.map((n) => node(`n${n}`, `192.0.2.${n}`, n));
const listing = (kvs: readonly Stored[], revision = 2000): Listing => ({ kvs, revision: String(revision) });
const five = stateOf(...nodes(1, 2, 3, 4, 5));
const uids = (state: typeof five): readonly string[] => [...state.tables.nodes.keys()].sort();
const codes = (doubt: Doubt | undefined) => doubt?.complaints.map(({ code }) => code);

describe("a listing", () => {
  it("is believed when most is still there", () => {
    const { state, doubt } = judgeListing(layout, five, listing(nodes(1, 2, 3)));
    expect([uids(state), doubt]).toEqual([["n1", "n2", "n3"], undefined]);
  });

  it("is believed when nothing was known before", () => {
    expect(judgeListing(layout, emptyState(layout), listing([])).doubt).toBeUndefined();
  });

  it("that lost more than half deletes nothing, but what is new in it counts", () => {
    const { state, doubt } = judgeListing(layout, five, listing(nodes(1, 9, 10, 11, 12)));
    expect(uids(state)).toEqual(["n1", "n10", "n11", "n12", "n2", "n3", "n4", "n5", "n9"]);
    expect(codes(doubt)).toEqual(["listing-shrank"]);
    expect(doubt?.complaints[0]?.text).toMatch(/has 1 of 5 nodes: it deletes nothing before another/);
    expect(state.revision).toBe("2000");
  });

  it("deletes what the one before it did not have either", () => {
    const first = judgeListing(layout, five, listing([]));
    const second = judgeListing(layout, first.state, listing([], 2001), first.doubt);
    expect([uids(second.state), second.doubt]).toEqual([[], undefined]);
  });

  it("is believed when it has again what the one before it lacked", () => {
    const first = judgeListing(layout, five, listing([]));
    const second = judgeListing(layout, first.state, listing(nodes(1, 2, 3, 4, 5), 2001), first.doubt);
    expect([uids(second.state), second.doubt]).toEqual([["n1", "n2", "n3", "n4", "n5"], undefined]);
  });

  it("that lost yet more than the one before it is not believed in that", () => {
    const first = judgeListing(layout, five, listing(nodes(1, 2)));
    const second = judgeListing(layout, first.state, listing([], 2001), first.doubt);
    expect(uids(second.state)).toEqual(["n1", "n2"]);
    expect(codes(second.doubt)).toEqual(["listing-shrank"]);
    expect(uids(judgeListing(layout, second.state, listing([], 2002), second.doubt).state)).toEqual([]);
  });

  it("is not believed when all nodes are there and their blocks are not", () => {
    const before = stateOf(...nodes(1, 2), block("10.40.1.0/26", "n1", 3), block("10.40.2.0/26", "n2", 4));
    const { state, doubt } = judgeListing(layout, before, listing(nodes(1, 2)));
    expect(state.tables.blocks.get("blue")?.size).toBe(2);
    expect(doubt?.complaints[0]?.text).toContain("has 0 of 2 blocks");
  });

  it("that cannot be read deletes nothing", () => {
    const bad = [...nodes(1, 2, 3), stored("nodes/n4", "{", 4, 1999)];
    const first = judgeListing(layout, five, listing(bad));
    expect(uids(first.state)).toEqual(["n1", "n2", "n3", "n4", "n5"]);
    expect(codes(first.doubt)).toEqual(["listing-garbage"]);
    // The garbage stays, and its old value with it; what the second one misses, too, goes.
    const second = judgeListing(layout, first.state, listing(bad, 2001), first.doubt);
    expect([uids(second.state), second.doubt]).toEqual([["n1", "n2", "n3", "n4"], undefined]);
  });

  it("is believed when garbage is all that is new in it: nothing would be deleted", () => {
    const bad = [...nodes(1, 2, 3, 4), stored("nodes/n5", "{", 5, 1999)];
    const { state, doubt } = judgeListing(layout, five, listing(bad));
    expect([uids(state).length, state.faults.size, doubt]).toEqual([5, 1, undefined]);
  });

  it("does not count for read what is garbage", () => {
    const known = judgeListing(
      layout,
      five,
      listing(nodes(1, 2, 3, 4, 5).map((kv) => ({ ...kv, value: "{", modRevision: "1999" }))),
    ).state;
    const rest = nodes(1, 2, 3, 4).map((kv) => ({ ...kv, value: "{", modRevision: "1999" }));
    const { state, doubt } = judgeListing(layout, known, listing(rest, 2001));
    expect([uids(state).length, codes(doubt)]).toEqual([5, ["listing-shrank"]]);
  });

  it("of the past takes nothing back", () => {
    const now = stateOf(...nodes(1, 2), { ...node("n3", "192.0.2.33", 3), modRevision: "900" });
    const old = [...nodes(1), node("n3", "192.0.2.3", 3), node("n4", "192.0.2.4", 4)];
    const first = judgeListing(layout, now, listing(old, 800));
    expect(uids(first.state)).toEqual(["n1", "n2", "n3", "n4"]);
    expect(first.state.tables.nodes.get("n3")?.record.vtep).toBe("192.0.2.33");
    expect(codes(first.doubt)).toEqual(["listing-older"]);
    // A store that was put back stays so.
    const second = judgeListing(layout, first.state, listing(old, 801), first.doubt);
    expect(uids(second.state)).toEqual(["n1", "n3", "n4"]);
    expect(second.state.tables.nodes.get("n3")?.record.vtep).toBe("192.0.2.3");
    expect(second.doubt).toBeUndefined();
  });

  it("may lose every sign of life at once", () => {
    const alive = [1, 2, 3].map((n) => stored(`alive/n${n}`, { v: 1, bootId: "b", sinceMs: 1 }, n));
    const { state, doubt } = judgeListing(
      layout,
      stateOf(...nodes(1, 2, 3), ...alive),
      listing(nodes(1, 2, 3)),
    );
    expect([state.tables.alive.size, doubt]).toEqual([0, undefined]);
  });
});

it("less than half is few, half is not", () => {
  expect([hasShrunk(4, 2), hasShrunk(5, 2), hasShrunk(1, 0), hasShrunk(0, 0)]).toEqual([
    false,
    true,
    true,
    false,
  ]);
});
