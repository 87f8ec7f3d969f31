import { describe, expect, it } from "vitest";
import { mac } from "../../../lib/addr/mac.ts";
import { desired } from "../../../lib/directory/desired.ts";
import { createMemo } from "../../../lib/directory/memo.ts";
import { applyEvents, type DirectoryEvent } from "../../../lib/directory/state.ts";
import { block, blue, endpoint, local as here, layout, network, node, stateOf } from "./some-directory.ts";

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`random tests: SEED=${seed}`);

function randoms(from: number): (below: number) => number {
  let at = from >>> 0;
  return (below) => {
    at = (Math.imul(at, 1664525) + 1013904223) >>> 0;
    return Math.floor((at / 2 ** 32) * below);
  };
}

const one = <T>(random: (below: number) => number, ...all: readonly T[]): T => all[random(all.length)] as T;

describe("what is remembered of a directory", () => {
  it.each(["routed", "stretched"] as const)(
    "changes nothing of what follows from it, whatever happens there, where networks are %s",
    (mode) => {
      const random = randoms(seed);
      const memo = createMemo();
      let state = stateOf(network({ mode, cidrs: ["10.40.0.0/16", "192.0.2.0/24"] }));
      const networks = ["blue", "red"].map((name, i) => ({ ...blue, network: name, vni: 4097 + i, mode }));
      const local = [here, { ...here, name: "host-n1" }] as const;
      const seen = new Set<string>();
      for (let i = 0; i < 1000; i++) {
        const uid = `n${random(7)}`;
        // Behind that of the first listing: older events change nothing.
        const revision = 2000 + i;
        const vtep = one(random, `192.0.2.${20 + random(8)}`, "192.0.2.100", `10.40.${random(8) * 32}.1`);
        const said = {
          name: one(random, `host-${uid}`, `host-${uid}`, "host-n1"),
          epoch: one(random, 1, 1, 1, 2),
          udpPort: one(random, 4789, 4789, 4789, 8472),
          ...(random(2) === 0 ? { mac: mac(`02:00:00:00:00:0${random(3)}`) } : {}),
        };
        const change = one(
          random,
          () => node(uid, vtep, revision, said),
          () => node(uid, vtep, revision, said),
          () =>
            block(`10.40.${random(8) * 32}.0/${24 + random(4)}`, uid, revision, one(random, "blue", "red")),
          () =>
            endpoint(
              uid,
              one(random, "c1", "c2"),
              { ips: [`10.40.0.${random(9)}`], mac: `02:00:00:00:00:0${random(9)}` },
              revision,
            ),
        )();
        const modRevision = String(revision);
        const event: DirectoryEvent =
          random(4) === 0
            ? { kind: "delete", key: change.key, modRevision }
            : { kind: "put", kv: { ...change, modRevision } };
        state = applyEvents(layout, state, [event]);
        const host = local[random(20) === 0 ? 1 : 0];
        // A network leaves and comes back.
        const present = networks.slice(random(8) === 0 ? 1 : 0);
        const found = desired(state, host, present, memo);
        expect(found, `step ${i}`).toEqual(desired(state, host, present));
        for (const { peers, complaints } of found.values()) {
          seen.add(`${peers.length} peers`);
          for (const { code } of complaints) seen.add(code);
        }
      }
      expect([...seen]).toEqual(
        expect.arrayContaining([
          ...["1 peers", "3 peers", "node-vtep-ours", "node-vtep-taken", "node-mac-taken", "node-name-taken"],
          ...["node-udp-port", "block-epoch", "node-unknown"],
          ...(mode === "routed" ? ["node-vtep-covered", "block-covers-vtep"] : ["endpoint-mac-taken"]),
        ]),
      );
    },
  );

  it("leaves a peer that has not changed the same object", () => {
    const memo = createMemo();
    const before = stateOf(
      network(),
      node("n1", "192.0.2.21", 10),
      block("10.40.1.0/24", "n1", 11),
      node("n2", "192.0.2.22", 12),
      block("10.40.2.0/24", "n2", 13),
    );
    const [one, two] = desired(before, here, [blue], memo).get("blue")?.peers ?? [];
    const kv = { ...node("n2", "192.0.2.23", 12), modRevision: "2000" };
    const after = applyEvents(layout, before, [{ kind: "put", kv }]);
    const [same, other] = desired(after, here, [blue], memo).get("blue")?.peers ?? [];
    expect(one).toBeDefined();
    expect(same).toBe(one);
    expect(other).not.toBe(two);
    expect(other?.vtep).toBe("192.0.2.23");
  });
});
