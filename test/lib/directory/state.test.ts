import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { faultComplaints } from "../../../lib/directory/fault-complaints.ts";
import {
  applyEvents,
  type DirectoryEvent,
  emptyState,
  listedState,
  type Stored,
} from "../../../lib/directory/state.ts";
import { seed } from "../seed.ts";
import { block, endpoint, layout, network, node, stateOf, stored } from "./some-directory.ts";

const put = (kv: Stored): DirectoryEvent => ({ kind: "put", kv });
const gone = (key: string, revision: number): DirectoryEvent => ({
  kind: "delete",
  key: `/p/v1/${key}`,
  modRevision: String(revision),
});

const whole = [
  network(),
  stored("vnis/4097", { v: 1, network: "blue" }, 1),
  node("n1", "192.0.2.1", 2),
  stored("alive/n1", { v: 1, bootId: "b", sinceMs: 1 }, 3),
  block("10.40.1.0/26", "n1", 4),
  stored("owned/n1/blue/10.40.1.0-26", { v: 1 }, 4),
  endpoint("n1", "c1", { ips: ["10.40.1.7"], mac: "02:00:00:00:00:07" }, 5),
  stored("ips/blue/10.40.1.9", { v: 1, node: "n1", container: "c", ifname: "e" }, 6),
];

describe("the state of a directory", () => {
  it("has each key of a listing in its table", () => {
    const { tables, faults, revision } = stateOf(...whole);
    expect(tables.networks.get("blue")?.record.vni).toBe(4097);
    expect(tables.vnis.get("4097")?.record.network).toBe("blue");
    expect(tables.nodes.get("n1")).toMatchObject({ key: "/p/v1/nodes/n1", createRevision: "2" });
    expect(tables.alive.get("n1")?.record.bootId).toBe("b");
    expect(tables.blocks.get("blue")?.get("10.40.1.0-26")?.record.owner).toBe("n1");
    expect(tables.owned.get("n1")?.get("blue")?.has("10.40.1.0-26")).toBe(true);
    expect(tables.endpoints.get("blue")?.get("n1")?.get("c1.eth0")?.record.ips).toEqual(["10.40.1.7"]);
    expect(tables.ips.get("blue")?.get("10.40.1.9")?.record.container).toBe("c");
    expect([faults.size, revision]).toEqual([0, "1000"]);
  });

  it("is changed by an event, and what was before is not", () => {
    const before = stateOf(...whole);
    const after = applyEvents(layout, before, [put(node("n2", "192.0.2.2", 1001)), gone("nodes/n1", 1002)]);
    expect([...after.tables.nodes.keys()]).toEqual(["n2"]);
    expect([...before.tables.nodes.keys()]).toEqual(["n1"]);
    expect(after.revision).toBe("1002");
    expect(after.tables.endpoints).toBe(before.tables.endpoints);
  });

  it("has no empty tables of what is gone", () => {
    const keys = whole.map(({ key }) => key.slice("/p/v1/".length));
    const none = applyEvents(
      layout,
      stateOf(...whole),
      keys.map((key) => gone(key, 1001)),
    );
    expect(none).toEqual({ ...emptyState(layout), revision: "1001" });
  });

  it("is the same object when nothing happened", () => {
    const before = stateOf(...whole);
    expect(applyEvents(layout, before, [])).toBe(before);
    expect(applyEvents(layout, before, [put(node("n9", "192.0.2.9", 7)), gone("nodes/n1", 999)])).toBe(
      before,
    );
  });

  it("takes events of its own revision, which may come in several batches", () => {
    const before = stateOf(...whole);
    const after = applyEvents(layout, before, [put(node("n2", "192.0.2.2", 1000))]);
    expect(after.tables.nodes.size).toBe(2);
  });

  it("compares revisions as numbers", () => {
    const before = { ...stateOf(...whole), revision: "9" };
    const after = applyEvents(layout, before, [
      put(node("n2", "192.0.2.2", 10)),
      { kind: "delete", key: "/p/v1/nodes/n1", modRevision: "9223372036854775807" },
    ]);
    expect([...after.tables.nodes.keys()]).toEqual(["n2"]);
    expect(after.revision).toBe("9223372036854775807");
  });
});

describe("a value that cannot be read", () => {
  const before = stateOf(node("n1", "192.0.2.1", 2));
  const record = before.tables.nodes.get("n1");

  it.each([
    ["garbage", "{", "record-garbage"],
    ["a later version", '{"v":2}', "record-newer"],
  ])("is a fault, and what its key said stands: %s", (_, text, code) => {
    const after = applyEvents(layout, before, [put(stored("nodes/n1", text, 2, 1001))]);
    expect(after.tables.nodes.get("n1")).toBe(record);
    expect(after.faults.get("/p/v1/nodes/n1")).toMatchObject({ modRevision: "1001", kept: true });
    expect(faultComplaints(after.faults)).toEqual([
      {
        code,
        about: "/p/v1/nodes/n1",
        text: expect.stringContaining("what it said before stands"),
        remedy: expect.any(String),
      },
    ]);
  });

  it("stands in a new listing, too", () => {
    const after = listedState(layout, { kvs: [stored("nodes/n1", "{", 2, 1001)], revision: "1001" }, before);
    expect(after.tables.nodes.get("n1")).toBe(record);
    expect(after.faults.get("/p/v1/nodes/n1")?.kept).toBe(true);
  });

  it("is left out where its key said nothing before", () => {
    const after = applyEvents(layout, before, [put(stored("nodes/n2", "{", 1001))]);
    expect(after.tables.nodes.has("n2")).toBe(false);
    expect(after.faults.get("/p/v1/nodes/n2")?.kept).toBe(false);
    expect(faultComplaints(after.faults)[0]?.text).toContain("it is left out");
  });

  it("is no fault any more once it is written anew, or deleted", () => {
    const bad = applyEvents(layout, before, [put(stored("nodes/n1", "{", 2, 1001))]);
    const mended = applyEvents(layout, bad, [put({ ...node("n1", "192.0.2.7", 2), modRevision: "1002" })]);
    expect([mended.faults.size, mended.tables.nodes.get("n1")?.record.vtep]).toEqual([0, "192.0.2.7"]);
    const deleted = applyEvents(layout, bad, [gone("nodes/n1", 1002)]);
    expect([deleted.faults.size, deleted.tables.nodes.size]).toEqual([0, 0]);
  });

  it("is what is no text, too", () => {
    const after = applyEvents(layout, before, [
      put({ ...node("n1", "192.0.2.7", 2), modRevision: "1001", garbled: true }),
    ]);
    expect(after.tables.nodes.get("n1")).toBe(record);
    expect(after.faults.size).toBe(1);
  });
});

it("a key in another spelling is a fault, and a key of another kind is nothing", () => {
  const { faults, tables } = stateOf(
    stored("blocks/blue/10.40.1.7-26", { v: 1, owner: "n1", epoch: 1 }, 2),
    stored("cluster", "what a later release writes", 3),
  );
  expect([...faults.keys()]).toEqual(["/p/v1/blocks/blue/10.40.1.7-26"]);
  expect(tables.blocks.size).toBe(0);
});

describe("listing and watching", () => {
  const name = fc.constantFrom("n1", "n2", "n3");
  const what = fc.oneof(
    fc.tuple(name, fc.integer({ min: 1, max: 3 })).map(([uid, n]) => node(uid, `192.0.2.${n}`, 0)),
    fc.tuple(name, fc.nat(3)).map(([uid, n]) => block(`10.40.${n}.0/26`, uid, 0)),
    fc
      .tuple(name, fc.nat(2))
      .map(([uid, n]) => endpoint(uid, `c${n}`, { ips: [`10.40.1.${n}`], mac: "02:00:00:00:00:07" }, 0)),
    fc.constant(network()),
    fc.constant(stored("blocks/blue/10.40.0.0-026", "{}", 0)),
    fc.constant(stored("not/ours", "{}", 0)),
  );
  const deed = fc.record({
    kv: what,
    how: fc.constantFrom("put", "put", "put", "delete", "garbage", "newer"),
    batchEnds: fc.boolean(),
  });

  it("give the same state, whatever happens between two listings", () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 40 }), (deeds) => {
        const store = new Map<string, Stored>();
        let watched = emptyState(layout);
        let listed = emptyState(layout);
        let batch: DirectoryEvent[] = [];
        for (const [i, { kv, how, batchEnds }] of deeds.entries()) {
          const modRevision = String(i + 1);
          const createRevision = store.get(kv.key)?.createRevision ?? modRevision;
          if (how === "delete") {
            if (store.delete(kv.key)) batch.push({ kind: "delete", key: kv.key, modRevision });
          } else {
            const value = how === "put" ? kv.value : how === "newer" ? '{"v":7}' : "{";
            store.set(kv.key, { ...kv, value, createRevision, modRevision });
            batch.push(put({ ...kv, value, createRevision, modRevision }));
          }
          if (batchEnds || i === deeds.length - 1) {
            watched = applyEvents(layout, watched, batch);
            // A watch that begins again brings the same again.
            watched = applyEvents(layout, watched, batch.slice(-1));
            batch = [];
          }
          listed = listedState(layout, { kvs: [...store.values()], revision: modRevision }, listed);
        }
        expect(listed.tables).toEqual(watched.tables);
        expect(listed.faults).toEqual(watched.faults);
      }),
      { seed, numRuns: 500 },
    );
  });

  it("give the same state from nothing, where all can be read", () => {
    fc.assert(
      fc.property(fc.array(what, { maxLength: 30 }), (all) => {
        const kvs = [...new Map(all.map((kv) => [kv.key, kv])).values()].map((kv, i) => ({
          ...kv,
          createRevision: String(i + 1),
          modRevision: String(i + 1),
        }));
        const listing = listedState(layout, { kvs, revision: String(kvs.length) });
        const events = kvs.map(put);
        expect(
          events.reduce((state, event) => applyEvents(layout, state, [event]), emptyState(layout)),
        ).toEqual(listing);
        expect(applyEvents(layout, emptyState(layout), events)).toEqual(listing);
      }),
      { seed },
    );
  });
});
