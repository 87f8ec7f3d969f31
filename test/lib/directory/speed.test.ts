import { expect, it } from "vitest";
import { prefix } from "../../../lib/addr/prefix.ts";
import { blockCandidates } from "../../../lib/directory/candidates.ts";
import { desired } from "../../../lib/directory/desired.ts";
import { judgeListing } from "../../../lib/directory/judge-listing.ts";
import type { LocalNetwork } from "../../../lib/directory/known.ts";
import { applyEvents, type Listing, listedState, type Stored } from "../../../lib/directory/state.ts";
import { block, blue, endpoint, layout, local, network, node } from "./some-directory.ts";

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Time of the processor. Bounds are far above what is measured: they find a square, not a machine with much to do. */
function timed<T>(what: string, boundMs: number, run: () => T): T {
  const times: number[] = [];
  let result = run();
  for (let i = 0; i < 5; i++) {
    const start = cpuMs();
    result = run();
    times.push(cpuMs() - start);
  }
  const [best = 0, , median = 0] = times.sort((a, b) => a - b);
  console.log(`${what}: ${median.toFixed(1)} ms (best ${best.toFixed(1)})`);
  expect(best).toBeLessThan(boundMs);
  return result;
}

const at = (i: number) => `${i >> 8}.${i & 255}`;

function hosts(count: number, containers: number): Listing {
  const kvs: Stored[] = [network({ cidrs: ["10.0.0.0/8"] })];
  for (let i = 1; i <= count; i++) {
    kvs.push(node(`n${i}`, `172.16.${at(i)}`, i * 10));
    kvs.push(block(`10.${(i >> 10) & 255}.${(i >> 2) & 255}.${(i & 3) << 6}/26`, `n${i}`, i * 10 + 1));
    for (let c = 0; c < containers; c++) {
      const mac = `02:${[i >> 8, i & 255, c].map((byte) => byte.toString(16).padStart(2, "0")).join(":")}:00:01`;
      kvs.push(endpoint(`n${i}`, `c${c}`, { ips: [`10.${100 + c}.${at(i)}`], mac }, i * 10 + 2));
    }
  }
  return { kvs, revision: String(count * 10 + 9) };
}

const stretched: LocalNetwork = { ...blue, mode: "stretched" };

it.each([1000, 5000])(
  "a directory of %i hosts is read, judged and followed in no time",
  (count) => {
    const listing = hosts(count, 0);
    const state = timed(`listing of ${count} hosts, new`, 2000, () => listedState(layout, listing));
    timed(`listing of ${count} hosts, known already, judged`, 1000, () =>
      judgeListing(layout, state, listing),
    );
    const change = { ...node("n7", "172.31.0.7", 70), modRevision: "99999999" };
    const after = timed(`one change of ${count} hosts`, 50, () =>
      applyEvents(layout, state, [{ kind: "put", kv: change }]),
    );
    const all = timed(`desired of ${count} hosts`, 400, () => desired(after, local, [blue]));
    expect(all.get("blue")?.peers).toHaveLength(count);
    expect(all.get("blue")?.complaints).toEqual([]);
  },
  60_000,
);

it("a stretched network of 1000 hosts with 20 containers each is followed in no time", () => {
  const state = listedState(layout, hosts(1000, 20));
  const all = timed("desired of 20000 containers", 1000, () => desired(state, local, [stretched]));
  expect(all.get("blue")?.peers.flatMap((peer) => peer.endpoints)).toHaveLength(20_000);
  timed("one change of 20000 containers", 50, () =>
    applyEvents(layout, state, [
      {
        kind: "put",
        kv: endpoint("n7", "c21", { ips: ["10.200.0.7"], mac: "02:ff:ff:ff:ff:01" }, 99_999_999),
      },
    ]),
  );
}, 60_000);

it("5000 hosts that all claim the same are told apart in no time", () => {
  const kvs: Stored[] = [network({ cidrs: ["10.0.0.0/8"] }), node("n0", "172.16.0.1", 1)];
  for (let i = 1; i <= 5000; i++) {
    kvs.push(node(`n${i}`, "172.16.0.1", i * 10, { name: "host" }));
    kvs.push(block(`10.${i >> 8}.${i & 255}.0/24`, `n${i}`, i * 10 + 1));
  }
  for (let bits = 8; bits < 24; bits++) kvs.push(block(`10.0.0.0/${bits}`, `n${bits}`, 9));
  const state = listedState(layout, { kvs, revision: "99999" });
  timed("desired of 5000 impostors", 1000, () => desired(state, local, [blue]));
}, 60_000);

it("the first free block of millions is found in no time", () => {
  const taken = Array.from({ length: 5000 }, (_, i) => prefix(`10.${i >> 8}.${i & 255}.0/26`));
  const of = { cidrs: [prefix("10.0.0.0/8"), prefix("fd00::/32")], blockBits: { 4: 30, 6: 122 } };
  const first = timed("first candidate of 4 million, 5000 taken", 200, () => {
    for (const candidate of blockCandidates(4, of, taken, "x")) return candidate;
    return undefined;
  });
  expect(first).toMatch(/^10\..*\/30$/);
  expect(blockCandidates(6, of, [], "x").count).toBe(2n ** 90n);
}, 60_000);
