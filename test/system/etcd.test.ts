import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { absent, unchanged } from "../../lib/etcd/conditions.ts";
import type { Etcd, Operation } from "../../lib/etcd/etcd.ts";
import { compareRevisions, nextRevision } from "../../lib/etcd/revision.ts";
import { startIn } from "./child.ts";
import { execIn } from "./command.ts";
import { type EtcdLab, startEtcd, whyNoEtcd } from "./etcd-lab.ts";
import { collect, failureOf, nameOf, until } from "./etcd-watching.ts";
import { withinNamespace } from "./namespaces.ts";

const reason = whyNoEtcd();
/** Puts in transactions of 128, one revision each. */
async function fill(client: Etcd, keys: readonly string[], value = ""): Promise<void> {
  for (let i = 0; i < keys.length; i += 128) {
    const some = keys.slice(i, i + 128).map((key): Operation => ({ kind: "put", key, value }));
    await client.txn([], some);
  }
}

describe.skipIf(reason !== undefined)(`one member of etcd${reason ? ` (${reason})` : ""}`, () => {
  let lab: EtcdLab;
  beforeAll(async () => {
    lab = await startEtcd();
  });
  afterAll(() => lab?.close());

  it("creates once, changes what has not changed, and tells what is there instead", async () => {
    const client = lab.client();
    const key = "/txn/é a";
    const make = (value: string) =>
      client.txn([absent(key)], [{ kind: "put", key, value }], [{ kind: "range", key }]);
    expect(await make("1")).toMatchObject({ succeeded: true, responses: [{ kind: "put" }] });
    const second = await make("2");
    expect(second).toMatchObject({
      succeeded: false,
      responses: [{ kvs: [{ key, value: "1", version: "1" }], count: 1 }],
    });
    const [kv] = (await client.range({ key })).kvs;
    if (kv === undefined) throw new Error("it is not there");
    const change = (value: string) => client.txn([unchanged(kv)], [{ kind: "put", key, value }]);
    expect((await change("3")).succeeded).toBe(true);
    expect((await change("4")).succeeded).toBe(false);
    const value = async (is: "=" | "!=", than: string) =>
      (await client.txn([{ key, target: "value", result: is, value: than }], [])).succeeded;
    expect([await value("=", "3"), await value("!=", "3"), await value("=", "4")]).toEqual([
      true,
      false,
      false,
    ]);
    expect(await client.deleteKey(key, kv.modRevision)).toMatchObject({ deleted: false });
    expect(await client.deleteKey(key)).toMatchObject({ deleted: true });
    expect(await client.deleteKey(key)).toMatchObject({ deleted: false });
    expect((await client.range({ key })).kvs).toEqual([]);
  });

  it("takes 128 operations at once, and refuses what it should, with its own words", async () => {
    const client = lab.client();
    const keys = Array.from({ length: 128 }, (_, i) => `/many/${i}`);
    await fill(client, keys);
    expect(await client.range({ prefix: "/many/" }, { limit: 2, keysOnly: true })).toMatchObject({
      count: 128,
    });
    const twice = [1, 2].map((value): Operation => ({ kind: "put", key: "/twice", value: String(value) }));
    expect(await failureOf(client.txn([], twice))).toMatchObject({
      kind: "other",
      outcome: "none",
      why: "etcdserver: duplicate key given in txn request",
    });
    const big = client.txn([], [{ kind: "put", key: "/big", value: "x".repeat(1_600_000) }]);
    expect(await failureOf(big)).toMatchObject({ kind: "tooLarge", outcome: "none" });
    expect(await failureOf(client.range({ key: "/a" }, { revision: "99999999" }))).toMatchObject({
      kind: "other",
    });
  });

  it("lists one moment in pages, whatever is written between them", async () => {
    const client = lab.client();
    const writer = lab.client();
    const keys = Array.from({ length: 2600 }, (_, i) => `/pages/${String(i).padStart(4, "0")}`);
    await fill(client, keys);
    // One key moves from the end to the beginning and back, so that a page of another moment sees it twice or never.
    const state = { done: false, moves: 0 };
    const move = async () => {
      for (; !state.done; state.moves++) {
        const [from, to] = state.moves % 2 === 0 ? ["/pages/9", "/pages/-"] : ["/pages/-", "/pages/9"];
        await writer.txn(
          [],
          [
            { kind: "delete", key: from },
            { kind: "put", key: to, value: "" },
          ],
        );
      }
    };
    await writer.txn([], [{ kind: "put", key: "/pages/9", value: "" }]);
    const moving = move();
    for (let i = 0; i < 4; i++) {
      const before = state.moves;
      const listing = await client.list("/pages/");
      expect(state.moves).toBeGreaterThan(before);
      expect(listing.kvs).toHaveLength(2601);
      const { kvs } = await client.range({ prefix: "/pages/" }, { revision: listing.revision });
      expect(listing.kvs).toEqual(kvs);
    }
    state.done = true;
    await moving;
  });

  it("keeps numbers beyond 2^53, and keys and values that are no text apart", async () => {
    const client = lab.client();
    const ID = "9041998804228907533";
    await lab.post(0, "/lease/grant", { TTL: "60", ID });
    await client.put("/big/number", "x", ID);
    expect((await client.range({ key: "/big/number" })).kvs[0]?.lease).toBe(ID);
    expect(await client.keepAlive(ID)).toEqual({ alive: true, ttlS: 60 });
    await client.revokeLease(ID);
    expect((await client.range({ key: "/big/number" })).kvs).toEqual([]);
    const base64 = (...bytes: readonly number[]) =>
      Buffer.from([...Buffer.from("/raw/"), ...bytes]).toString("base64");
    for (const last of [0xff, 0xfe]) await lab.post(0, "/kv/put", { key: base64(last), value: "" });
    await client.txn([], [{ kind: "put", key: "/raw/a", value: "\ufeff\0" }]);
    const { kvs } = await client.list("/raw/");
    expect(kvs.map(({ key, value, garbled }) => [key, value, garbled])).toEqual([
      ["/raw/a", "\ufeff\0", false],
      ["/raw/\ufffd", "", true],
      ["/raw/\ufffd", "", true],
    ]);
  });

  it("gives leases, and says of a dead one that it is dead", async () => {
    const client = lab.client();
    const { id, ttlS } = await client.grantLease(1);
    expect(ttlS).toBeGreaterThanOrEqual(1);
    await client.put("/lease/a", "1", id);
    expect(await client.keepAlive(id)).toEqual({ alive: true, ttlS });
    const watch = collect();
    client.watch("/lease/", nextRevision((await client.list("/lease/")).revision), watch);
    await until(() => watch.events.map(nameOf)).toEqual(["-/lease/a"]);
    expect(await client.keepAlive(id)).toEqual({ alive: false });
    await client.revokeLease(id);
    expect(await failureOf(client.put("/lease/a", "1", id))).toMatchObject({
      kind: "leaseNotFound",
      outcome: "none",
    });
  });

  it("tells a watch all that happens, in order, each revision whole", async () => {
    const client = lab.client();
    const { revision } = await client.list("/watch/");
    const sizes: number[] = [];
    const watch = collect();
    client.watch("/watch/", nextRevision(revision), {
      ...watch,
      onEvents(events, last) {
        sizes.push(events.length);
        watch.onEvents(events, last);
      },
    });
    await until(() => watch.told).toEqual(["up"]);
    const keys = Array.from({ length: 128 }, (_, i) => `/watch/${String(i).padStart(3, "0")}`);
    await fill(client, keys, "€".repeat(1000));
    await client.txn([], [{ kind: "delete", prefix: "/watch/00" }]);
    await until(() => watch.events.length).toBe(138);
    expect(watch.events.map(nameOf)).toEqual([...keys, ...keys.slice(0, 10).map((key) => `-${key}`)]);
    expect(watch.events[127]).toMatchObject({ kind: "put", kv: { value: "€".repeat(1000) } });
    expect(sizes.every((size) => [10, 128, 138].includes(size))).toBe(true);
  });

  it("tells a watch that is behind all of it, also when each stream ends after its first events", async () => {
    const client = lab.client();
    const { revision } = await client.list("/behind/");
    const total = 1300;
    const writers = Array.from({ length: 8 }, (_, i) => i);
    const write = async (first: number) => {
      const writer = lab.client();
      for (let i = first; i < total; i += writers.length)
        await writer.txn([], [{ kind: "put", key: `/behind/${i}`, value: "" }]);
    };
    await Promise.all(writers.map(write));
    const seen: string[] = [];
    let from = nextRevision(revision);
    for (let streams = 0; seen.length < total; streams++) {
      expect(streams).toBeLessThan(10);
      const first = Promise.withResolvers<void>();
      const watch = client.watch("/behind/", from, {
        onCompacted: () => first.reject(new Error("compacted")),
        onEvents(events) {
          seen.push(...events.map(nameOf));
          watch.close();
          first.resolve();
        },
      });
      await first.promise;
      from = watch.nextRevision;
      // etcd cuts a backlog into pieces of a thousand revisions: there was more than one.
      if (streams === 0) expect(seen.length).toBeLessThan(total);
    }
    expect(new Set(seen).size).toBe(total);
    expect(seen).toHaveLength(total);
  });

  it("leaves no process waiting whose client is closed", async () => {
    const silent = Bun.listen;
    const listener = withinNamespace(lab.ns, () =>
      silent({ hostname: "127.0.0.1", port: 0, socket: { open() {}, data() {} } }),
    );
    const script = join(import.meta.dirname, "etcd-exit-child.ts");
    const words = [script, ...lab.endpoints, `http://127.0.0.1:${listener.port}`];
    const child = startIn(lab.ns, [process.execPath, ...words]);
    const closed = await child.line((line) => line.startsWith("closed: "), "its close");
    const at = performance.now();
    expect(closed).toContain("the client is closed");
    expect(await child.ended).toBe(0);
    expect(performance.now() - at).toBeLessThan(500);
    listener.stop(true);
  });

  it("that is reached no longer by the stream alone is noticed, and the stream replaced", async () => {
    const ports = () => {
      const table = withinNamespace(lab.ns, () => readFileSync("/proc/thread-self/net/tcp", "utf8"));
      const lines = table
        .split("\n")
        .flatMap((line) => / ([0-9A-F]{8}):([0-9A-F]{4}) \S+:094B 01 /.exec(line)?.[2] ?? []);
      return new Set(lines.map((port) => Number.parseInt(port, 16)));
    };
    const client = lab.client({ livenessMs: 1000 });
    const { revision } = await client.list("/cut/");
    const before = ports();
    const watch = collect();
    client.watch("/cut/", nextRevision(revision), watch);
    await until(() => watch.told).toEqual(["up"]);
    const [port, ...others] = [...ports()].filter((one) => !before.has(one));
    expect(others).toEqual([]);
    // As a NAT does that has forgotten the connection: nothing comes through, in neither direction.
    const drops = [`tcp sport ${port} drop`, `tcp dport ${port} drop`];
    const rules = [
      "table inet cut {",
      "chain out {",
      "type filter hook output priority 0;",
      ...drops,
      "}",
      "}",
    ];
    await execIn(lab.ns, ["nft", "-f", "-"], { input: `${rules.join("\n")}\n` });
    await client.txn([], [{ kind: "put", key: "/cut/a", value: "" }]);
    await until(() => watch.told).toEqual(["up", "down unreachable", "up"]);
    await until(() => watch.events.map(nameOf)).toEqual(["/cut/a"]);
  });
});

describe.skipIf(reason !== undefined)(
  `a member of etcd that comes and goes${reason ? ` (${reason})` : ""}`,
  () => {
    it("is reached by IPv6", async () => {
      await using lab = await startEtcd({ address: "::1" });
      expect(lab.endpoints).toEqual(["http://[::1]:2379"]);
      expect((await lab.client().list("/a/")).kvs).toEqual([]);
    });

    it("is found again by a watch, which misses nothing, and hears of a compaction meanwhile", async () => {
      await using lab = await startEtcd();
      const client = lab.client();
      const gate = { open: true };
      const gated = lab.client({
        within(act) {
          if (!gate.open) throw new Error("no way");
          return withinNamespace(lab.ns, act);
        },
      });
      const { revision } = await client.list("/a/");
      const [kept, lost] = [collect(), collect()];
      const from = nextRevision(revision);
      client.watch("/a/", from, kept);
      const watch = gated.watch("/a/", from, lost);
      await until(() => [kept.told, lost.told]).toEqual([["up"], ["up"]]);
      await client.txn([], [{ kind: "put", key: "/a/1", value: "" }]);
      await until(() => [kept.events.length, lost.events.length]).toEqual([1, 1]);
      gate.open = false;
      await lab.kill(0);
      await lab.start(0);
      await until(() => kept.told.at(-1)).toBe("up");
      let last = revision;
      for (const key of ["/a/2", "/a/3"])
        last = (await client.txn([], [{ kind: "put", key, value: "" }])).revision;
      await lab.post(0, "/kv/compaction", { revision: last });
      gate.open = true;
      await until(() => lost.told.at(-1)).toBe(`compacted ${last}`);
      await until(() => kept.events.map(nameOf)).toEqual(["/a/1", "/a/2", "/a/3"]);
      expect(lost.events.map(nameOf)).toEqual(["/a/1"]);
      // From there on it goes as it says: list again, and watch from there.
      expect(compareRevisions(watch.nextRevision, last)).toBeLessThan(0);
      const again = collect();
      gated.watch("/a/", nextRevision((await gated.list("/a/")).revision), again);
      await client.deleteKey("/a/1");
      await until(() => again.events.map(nameOf)).toEqual(["-/a/1"]);
      expect(await failureOf(client.range({ key: "/a/1" }, { revision }))).toMatchObject({
        kind: "compacted",
      });
    });

    it("leaves it open whether a write was done while it is stopped, and does it once", async () => {
      await using lab = await startEtcd();
      const client = lab.client({ timeoutMs: 300 });
      await client.range({ key: "/a" });
      await lab.pause(0);
      const put = () => client.txn([absent("/a")], [{ kind: "put", key: "/a", value: "mine" }]);
      expect(await failureOf(put())).toMatchObject({
        kind: "timeout",
        outcome: "unknown",
        doing: "write /a",
      });
      expect(await failureOf(client.range({ key: "/a" }))).toMatchObject({
        kind: "timeout",
        outcome: "none",
      });
      lab.resume(0);
      // Done or not, it is not done twice.
      await put();
      await put();
      expect((await client.range({ key: "/a" })).kvs).toMatchObject([{ value: "mine", version: "1" }]);
    });
  },
);
