import { describe, expect, it } from "vitest";
import { desired } from "../../../lib/directory/desired.ts";
import { createMemo } from "../../../lib/directory/memo.ts";
import { applyEvents, type DirectoryEvent } from "../../../lib/directory/state.ts";
import { block, blue, layout, local, network, node, stateOf } from "./some-directory.ts";

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`random tests: SEED=${seed}`);

function randoms(from: number): (below: number) => number {
  let at = from >>> 0;
  return (below) => {
    at = (Math.imul(at, 1664525) + 1013904223) >>> 0;
    return Math.floor((at / 2 ** 32) * below);
  };
}

describe("what is remembered of a directory", () => {
  it("changes nothing of what follows from it, whatever happens there", () => {
    const random = randoms(seed);
    const memo = createMemo();
    let state = stateOf(network());
    const seen = new Set<number>();
    for (let i = 0; i < 400; i++) {
      const uid = `n${random(6)}`;
      // Behind that of the first listing: older events change nothing.
      const revision = 2000 + i;
      const stored = [
        () => node(uid, `192.0.2.${20 + random(6)}`, revision),
        () => block(`10.40.${random(8) * 32}.0/${24 + random(4)}`, uid, revision),
      ][random(2)]?.();
      if (stored === undefined) throw new Error("there are two");
      const modRevision = String(revision);
      const event: DirectoryEvent =
        random(3) === 0
          ? { kind: "delete", key: stored.key, modRevision }
          : { kind: "put", kv: { ...stored, modRevision } };
      state = applyEvents(layout, state, [event]);
      const found = desired(state, local, [blue], memo);
      expect(found, `step ${i}`).toEqual(desired(state, local, [blue]));
      seen.add(found.get("blue")?.peers.length ?? 0);
    }
    expect(seen.size).toBeGreaterThan(2);
  });

  it("leaves a peer that has not changed the same object", () => {
    const memo = createMemo();
    const before = stateOf(
      network(),
      node("n1", "192.0.2.21", 10),
      block("10.40.1.0/24", "n1", 11),
      node("n2", "192.0.2.22", 12),
      block("10.40.2.0/24", "n2", 13),
    );
    const [one, two] = desired(before, local, [blue], memo).get("blue")?.peers ?? [];
    const kv = { ...node("n2", "192.0.2.23", 12), modRevision: "2000" };
    const after = applyEvents(layout, before, [{ kind: "put", kv }]);
    const [same, other] = desired(after, local, [blue], memo).get("blue")?.peers ?? [];
    expect(one).toBeDefined();
    expect(same).toBe(one);
    expect(other).not.toBe(two);
    expect(other?.vtep).toBe("192.0.2.23");
  });
});
