import { describe, expect, it } from "vitest";
import { absent } from "../../lib/etcd/conditions.ts";
import type { Etcd } from "../../lib/etcd/etcd.ts";
import { nextRevision } from "../../lib/etcd/revision.ts";
import { type EtcdLab, startEtcd, whyNoEtcd } from "./etcd-lab.ts";
import { collect, failureOf, nameOf, until } from "./etcd-watching.ts";

const reason = whyNoEtcd();
const members = [0, 1, 2] as const;
const put = (client: Etcd, key: string) => client.txn([absent(key)], [{ kind: "put", key, value: key }]);

/** Endpoints that begin with this member's. */
const from = (lab: EtcdLab, first: number) => ({
  endpoints: members.map((i) => lab.endpoints[(first + i) % members.length] ?? ""),
});

describe.skipIf(reason !== undefined)(`three members of etcd${reason ? ` (${reason})` : ""}`, () => {
  it("a watch leaves a member that has lost its cluster, though it lives and answers", async () => {
    await using lab = await startEtcd({ members: 3, apart: true });
    const leader = await lab.leader();
    const alone = (leader + 1) % 3;
    const client = lab.client({ timeoutMs: 1000 }, from(lab, alone));
    const other = lab.client({ timeoutMs: 1000 }, from(lab, leader));
    const watch = collect();
    client.watch("/a/", nextRevision((await client.list("/a/")).revision), watch);
    await until(() => watch.told).toEqual(["up"]);
    await lab.cut(alone, "peers");
    // Its own state it still tells to whoever asks for no more.
    const here = lab.client({}, { endpoints: [lab.endpoints[alone] ?? ""] });
    expect((await here.range({ prefix: "/a/" }, { serializable: true })).kvs).toEqual([]);
    await until(() => watch.told).toEqual(["up", "down noLeader", "up"]);
    expect(await failureOf(here.range({ key: "/a/1" }))).toMatchObject({ kind: "noLeader" });
    expect(await failureOf(put(here, "/a/x"))).toMatchObject({ kind: "noLeader", outcome: "none" });
    await put(other, "/a/1");
    await until(() => watch.events.map(nameOf)).toEqual(["/a/1"]);
    await lab.mend(alone, "peers");
    await until(async () => (await here.range({ key: "/a/1" }).catch(() => undefined))?.count).toBe(1);
  });

  it("a leader that is cut off may have done a write or not; another member knows", async () => {
    await using lab = await startEtcd({ members: 3, apart: true });
    const leader = await lab.leader();
    const client = lab.client({ timeoutMs: 1500 }, from(lab, leader));
    await put(client, "/a/0");
    await lab.cut(leader, "peers");
    const error = await failureOf(put(client, "/a/1"));
    expect(error).toMatchObject({ outcome: "unknown", endpoint: lab.endpoints[leader] });
    expect(client.endpoint).not.toBe(error.endpoint);
    // The others choose a leader of their own, and what is written there is there for good.
    await until(async () => (await put(client, "/a/2").catch(() => undefined))?.succeeded).toBe(true);
    expect((await client.list("/a/")).kvs.map(({ key }) => key)).toEqual(["/a/0", "/a/2"]);
    await lab.mend(leader, "peers");
  });

  it("a watch leaves a member that stands still, and misses nothing", async () => {
    await using lab = await startEtcd({ members: 3 });
    const leader = await lab.leader();
    const still = (leader + 1) % 3;
    const client = lab.client({ timeoutMs: 300, livenessMs: 200 }, from(lab, still));
    const other = lab.client({}, from(lab, leader));
    const watch = collect();
    client.watch("/a/", nextRevision((await client.list("/a/")).revision), watch);
    await until(() => watch.told).toEqual(["up"]);
    await lab.pause(still);
    await put(other, "/a/1");
    await until(() => watch.told).toEqual(["up", "down timeout", "up"]);
    await until(() => watch.events.map(nameOf)).toEqual(["/a/1"]);
    // Calls have gone with it.
    expect(client.endpoint).not.toBe(lab.endpoints[still]);
    await put(client, "/a/2");
    await until(() => watch.events.map(nameOf)).toEqual(["/a/1", "/a/2"]);
    lab.resume(still);
  });

  it("calls and watches go on through the end of each member in turn, and over a cable that is pulled", async () => {
    await using lab = await startEtcd({ members: 3, apart: true });
    const client = lab.client({ timeoutMs: 1000, livenessMs: 500 });
    const watch = collect();
    client.watch("/a/", nextRevision((await client.list("/a/")).revision), watch);
    await until(() => watch.told).toEqual(["up"]);
    const written: string[] = [];
    const write = async () => {
      // A write that met the change of a leader is asked for once more by whoever wants it: it is made but once.
      const key = `/a/${written.length}`;
      await until(async () => (await put(client, key).catch(() => undefined)) !== undefined).toBe(true);
      written.push(key);
    };
    for (const member of members) {
      await write();
      await lab.kill(member);
      await write();
      await lab.start(member);
    }
    await write();
    const current = lab.endpoints.indexOf(client.endpoint);
    await lab.cut(current, "clients");
    await write();
    await until(() => watch.events.map(nameOf)).toEqual(written);
    expect(client.endpoint).not.toBe(lab.endpoints[current]);
    // Nothing answers there, not even that nobody does.
    const cut = lab.client({ timeoutMs: 200 }, { endpoints: [lab.endpoints[current] ?? ""] });
    const asked = performance.now();
    expect(await failureOf(put(cut, "/a/x"))).toMatchObject({
      kind: "unreachable",
      outcome: "none",
      why: "no connection in 100 ms",
    });
    expect(performance.now() - asked).toBeLessThan(1000);
    expect((await client.list("/a/")).kvs.map(({ key, version }) => `${key} ${version}`)).toEqual(
      written.map((key) => `${key} 1`),
    );
  });
});
