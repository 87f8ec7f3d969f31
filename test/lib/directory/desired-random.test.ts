import fc from "fast-check";
import { expect, it } from "vitest";
import { contains, overlaps, prefix } from "../../../lib/addr/prefix.ts";
import { desired } from "../../../lib/directory/desired.ts";
import type { LocalNetwork } from "../../../lib/directory/known.ts";
import { listedState, type Stored } from "../../../lib/directory/state.ts";
import { seed } from "../seed.ts";
import { block, blue, endpoint, layout, local, network, node, stored } from "./some-directory.ts";

/** RUNS=N for a longer search. */
const numRuns = Number(process.env.RUNS ?? 400);

const uid = fc.constantFrom("n0", "n1", "n2", "n3", "n4");
const vtep = fc.constantFrom(
  "192.0.2.1",
  "192.0.2.2",
  "192.0.2.3",
  "192.0.2.100",
  "10.40.0.70",
  "10.40.1.9",
  "::a",
);
const macOf = (last: number) => `02:00:00:00:00:0${last}`;
const mac = fc.oneof(
  { arbitrary: fc.integer({ min: 1, max: 9 }).map(macOf), weight: 9 },
  fc.constant(local.mac),
);
const cidr = fc.constantFrom(
  "10.40.0.0/26",
  "10.40.0.64/26",
  "10.40.0.0/25",
  "10.40.1.0/24",
  "10.40.2.0/26",
  "10.40.3.0/26",
  "192.0.2.192/26",
  "10.44.0.0/26",
  "fd00:40::/122",
  "fd00:40::/120",
);
const address = fc
  .integer({ min: 1, max: 9 })
  .map((last) => (last < 8 ? `10.40.0.${last}` : `fd00:40::${last}`));

const nodes = fc
  .record({
    uid,
    vtep,
    mac,
    name: fc.constantFrom("host-n0", "a", "b"),
    udpPort: fc.constantFrom(4789, 4789, 4789, 8472),
    epoch: fc.nat(2),
  })
  .map(({ uid, vtep, ...more }) => node(uid, vtep, 0, more as object));
const blocks = fc
  .tuple(cidr, uid, fc.constantFrom("blue", "blue", "red"))
  .map(([text, owner, where]) => block(text, owner, 0, where));
const endpoints = fc
  .record({
    uid,
    container: fc.constantFrom("c1", "c2"),
    ips: fc.uniqueArray(address, { minLength: 1, maxLength: 3 }),
    mac,
  })
  .map(({ uid, container, ips, mac }) => endpoint(uid, container, { ips, mac }, 0));
const anything = fc.oneof(
  { arbitrary: nodes, weight: 5 },
  { arbitrary: blocks, weight: 6 },
  { arbitrary: endpoints, weight: 4 },
  { arbitrary: fc.constant(stored("nodes/n3", "{", 0)), weight: 1 },
);
const networkRecords = fc.constantFrom(
  [],
  [network()],
  [network({ cidrs: ["0.0.0.0/0", "::/0"] })],
  [network({ mode: "stretched" })],
);

const kvsOf = (all: readonly Stored[]): readonly Stored[] => {
  const last = new Map(all.map((kv, i) => [kv.key, { ...kv, modRevision: String(i + 1) }]));
  const first = (key: string) => String(all.findIndex((kv) => kv.key === key) + 1);
  return [...last.values()].map((kv) => ({ ...kv, createRevision: first(kv.key) }));
};

const directories = fc
  .tuple(networkRecords, fc.array(anything, { minLength: 5, maxLength: 40 }))
  .map(([first, rest]) => kvsOf([...first, ...rest]));
const networks = fc
  .record({
    mode: fc.constantFrom("routed" as const, "stretched" as const),
    blocks: fc.subarray([prefix("10.40.0.0/26"), prefix("10.40.1.0/24")]),
  })
  .map((more): LocalNetwork => ({ ...blue, ...more }));

it("no two peers of a network share a tunnel address, a MAC, a name or an address of theirs", () => {
  fc.assert(
    fc.property(directories, networks, fc.boolean(), (kvs, network, withRed) => {
      const all = [network, ...(withRed ? [{ ...blue, network: "red", vni: 5000 }] : [])];
      const state = listedState(layout, { kvs, revision: "100" });
      const found = desired(state, local, all);
      const vteps = new Set([...found.values()].flatMap(({ peers }) => peers.map((peer) => peer.vtep)));
      for (const { mode, network: name, blocks } of all) {
        const peers = found.get(name)?.peers ?? [];
        const distinct = (values: readonly string[]) => expect(new Set(values).size).toBe(values.length);
        distinct(peers.map((peer) => peer.node));
        distinct([local.vtep, ...peers.map((peer) => peer.vtep)]);
        const macs = peers.flatMap((peer) => peer.endpoints.map((endpoint) => endpoint.mac));
        distinct([local.mac, ...peers.map((peer) => peer.mac), ...macs]);
        expect(macs).not.toContain(network.mac);
        distinct(peers.flatMap((peer) => peer.endpoints.flatMap(({ addresses }) => addresses)));
        for (const peer of peers) {
          expect(peer.subnets.length > 0).toBe(mode === "routed");
          for (const subnet of peer.subnets) {
            expect([...local.connected, ...blocks].filter((other) => overlaps(other, subnet))).toEqual([]);
            expect([local.vtep, ...vteps].filter((vtep) => contains(subnet, vtep))).toEqual([]);
            const others = peers.filter((other) => other !== peer).flatMap((other) => other.subnets);
            expect(others.filter((other) => overlaps(other, subnet))).toEqual([]);
          }
        }
      }
    }),
    { seed, numRuns },
  );
});

it("whoever has something in a network is a peer, or it is said why not", () => {
  fc.assert(
    fc.property(directories, networks, (kvs, network) => {
      const state = listedState(layout, { kvs, revision: "100" });
      const { peers, complaints } = desired(state, local, [network]).get("blue") ?? {
        peers: [],
        complaints: [],
      };
      const text = complaints.map((complaint) => `${complaint.about} ${complaint.text}`).join("\n");
      const reached = new Set(peers.map((peer) => peer.vtep));
      const isReached = (uid: string) => {
        const record = state.tables.nodes.get(uid)?.record;
        return (
          record?.vtep !== undefined && reached.has(record.vtep) && !text.includes(`/nodes/${uid}) says`)
        );
      };
      for (const { key, record } of state.tables.blocks.get("blue")?.values() ?? []) {
        if (record.owner === undefined || record.owner === local.uid || isReached(record.owner)) continue;
        expect(text.includes(key) || text.includes(`/nodes/${record.owner}`)).toBe(true);
      }
      const keys = complaints.map(({ code, about, text }) => `${code} ${about} ${text}`);
      expect(keys).toEqual([...new Set(keys)].sort());
    }),
    { seed, numRuns },
  );
});

it("the order in which a directory became known makes no difference", () => {
  fc.assert(
    fc.property(directories, networks, fc.infiniteStream(fc.nat()), (kvs, network, numbers) => {
      const mixed = kvs
        .map((kv) => [numbers.next().value ?? 0, kv] as const)
        .sort(([a], [b]) => a - b)
        .map(([, kv]) => kv);
      const of = (some: readonly Stored[]) =>
        JSON.stringify([...desired(listedState(layout, { kvs: some, revision: "100" }), local, [network])]);
      expect(of(mixed)).toBe(of(kvs));
    }),
    { seed, numRuns },
  );
});
