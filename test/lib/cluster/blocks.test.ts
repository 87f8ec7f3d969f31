import { describe, expect, it } from "vitest";
import { prefix } from "../../../lib/addr/prefix.ts";
import { fakeEtcd } from "../../fake/etcd.ts";
import { owner } from "../state/fixture-values.ts";
import { keysOf, loneHost, lossyWire, pool, removeFrom, writeTo } from "./lone-host.ts";

const blockKeys = (etcd: ReturnType<typeof fakeEtcd>): readonly string[] =>
  Object.keys(keysOf(etcd)).filter((key) => key.startsWith("blocks/"));
const ownKeys = (etcd: ReturnType<typeof fakeEtcd>): readonly string[] =>
  Object.entries(keysOf(etcd)).flatMap(([key, { owner: whose }]) => (whose === "n1" ? [key] : []));
const spell = (block: string | undefined): string => `blocks/net/${block?.replace("/", "-")}`;

describe("a host without room", () => {
  it("claims a block, and says who it is and what the network is, in one question and one write", async () => {
    const etcd = fakeEtcd();
    const lossy = lossyWire();
    const host = loneHost(etcd, { wire: lossy.wire });
    await host.supply();
    const [block] = host.blocks();
    expect(keysOf(etcd)).toMatchObject({
      "nodes/n1": { name: "host-n1" },
      "networks/net": { cidrs: ["10.1.0.0/24"] },
      [spell(block)]: { owner: "n1", epoch: 0 },
      [spell(block).replace("blocks/", "owned/n1/")]: { v: 1 },
    });
    expect(lossy.calls).toBe(2);
  });

  it("claims a block of a network that others have by one question and one write", async () => {
    const etcd = fakeEtcd();
    await loneHost(etcd, { uid: "n0" }).supply();
    const lossy = lossyWire();
    const host = loneHost(etcd, { wire: lossy.wire });
    await host.supply();
    expect(host.blocks()).toHaveLength(1);
    expect(lossy.calls).toBe(2);
  });

  it("claims by as many calls where another makes the network at the same time", async () => {
    const etcd = fakeEtcd();
    const lossy = lossyWire();
    let other: Promise<void> | undefined;
    const host = loneHost(etcd, {
      wire: async (call) => {
        other ??= loneHost(etcd, { uid: "n0" }).supply();
        await other;
        return lossy.wire(call);
      },
    });
    await host.supply();
    expect(host.blocks()).toHaveLength(1);
    expect(lossy.calls).toBe(2);
  });

  it("makes a network anew that somebody has removed", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await host.supply();
    await removeFrom(etcd, "networks/net");
    host.fill(13);
    await host.supply();
    expect(keysOf(etcd)["networks/net"]).toMatchObject({ cidrs: ["10.1.0.0/24"] });
    expect(host.blocks()).toHaveLength(2);
  });

  it("claims none where another process of it has done so meanwhile", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await host.supply();
    await host.supply();
    expect(host.blocks()).toHaveLength(1);
    host.fill(13);
    await host.supply();
    expect(host.blocks()).toHaveLength(2);
  });

  it("takes no block that overlaps another's of whatever length", async () => {
    const etcd = fakeEtcd();
    for (const taken of ["10.1.0.0-25", "10.1.0.128-26", "10.1.0.192-27", "10.1.0.224-29"])
      await writeTo(etcd, `blocks/net/${taken}`, { v: 1, owner: "x", epoch: 0 });
    const host = loneHost(etcd);
    await host.supply();
    expect(host.blocks()).toEqual(["10.1.0.240/28"]);
  });

  it("is told with error 102 how many blocks there are and who has most, when all are taken", async () => {
    const etcd = fakeEtcd();
    await writeTo(etcd, "nodes/x", { v: 1, uid: "x", name: "greedy", epoch: 0, platform: "linux" });
    for (let i = 0; i < 16; i++)
      await writeTo(etcd, `blocks/net/10.1.0.${i * 16}-28`, { v: 1, owner: i < 9 ? "x" : "y", epoch: 0 });
    await expect(loneHost(etcd).supply()).rejects.toMatchObject({
      code: 102,
      reason: "blocks-exhausted",
      message: expect.stringMatching(/16 are taken by 2 hosts, 9 of them node greedy's/),
    });
  });

  it("that has lost its state takes over what the directory has as its own", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await host.supply();
    const again = host.again("state");
    await again.supply();
    expect(again.blocks()).toEqual(host.blocks());
    expect(blockKeys(etcd)).toHaveLength(1);
  });

  it("takes nothing over that a host at another place had under its uid: that may be its clone", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await host.supply();
    const clone = loneHost(etcd, { bootId: "other", identity: { name: "elsewhere" } });
    await clone.supply();
    expect(clone.blocks()).not.toEqual(host.blocks());
    expect(blockKeys(etcd)).toHaveLength(2);
  });

  it("takes and gives back nothing under the record of another boot: that is its clone's", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await host.supply();
    const before = keysOf(etcd);
    const clone = loneHost(etcd, { bootId: "other", identity: { name: "elsewhere" } });
    await expect(clone.tend()).rejects.toMatchObject({ code: 11, reason: "node-unpublished" });
    expect(clone.blocks()).toEqual([]);
    expect(keysOf(etcd)).toEqual(before);
  });

  it.each([
    { how: "answer", of: "the claim" },
    { how: "late", of: "the claim" },
    { how: "answer", of: "the first look" },
    { how: "late", of: "the first look" },
  ] as const)("has what it claimed also when nobody told ($how of $of)", async ({ how, of }) => {
    const etcd = fakeEtcd();
    const lossy = lossyWire();
    const host = loneHost(etcd, { wire: lossy.wire });
    if (of === "the claim") await host.supply({ families: [] });
    lossy.lose(how);
    await host.supply();
    expect(host.blocks()).toHaveLength(1);
    lossy.deliver();
    await host.tend();
    expect(ownKeys(etcd)).toEqual(host.blocks().map(spell).toSorted());
  });
});

describe("a round of the agent", () => {
  it("claims a block ahead where fewer than 8 addresses are free", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await host.supply();
    host.fill(5);
    expect((await host.tend()).claimed).toEqual([]);
    host.fill(1);
    expect((await host.tend()).claimed).toHaveLength(1);
    expect((await host.tend()).claimed).toEqual([]);
  });

  it("releases blocks that were empty at two rounds 60 s apart, all but one", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await host.supply();
    for (const _ of [1, 2]) {
      host.fill(13);
      await host.supply();
    }
    for (const { key } of host.store.leases.list()) host.store.leases.release(key);
    const before = host.blocks();
    expect(before).toHaveLength(3);
    expect((await host.tend()).released).toEqual([]);
    host.nowMs += 59_999;
    expect((await host.tend()).released).toEqual([]);
    host.nowMs += 1;
    // 13 are left when two are gone.
    expect((await host.tend()).released).toHaveLength(2);
    host.nowMs += 120_000;
    expect((await host.tend()).released).toEqual([]);
    expect(host.blocks()).toHaveLength(1);
    expect(blockKeys(etcd)).toEqual(host.blocks().map(spell));
    expect(Object.keys(keysOf(etcd)).filter((key) => key.startsWith("owned/"))).toHaveLength(1);
    expect(host.retired).toHaveLength(2);
  });

  it("begins anew with a block that was used in between", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await host.supply();
    host.fill(13);
    await host.supply();
    await host.tend();
    const [, second] = host.blocks();
    host.fill(1);
    await host.tend();
    host.nowMs += 120_000;
    for (const { key } of host.store.leases.list()) host.store.leases.release(key);
    expect((await host.tend()).released).toEqual([]);
    expect(host.blocks()).toContain(second);
  });

  it("keeps a block whose gateway does not go, and gives it to nobody", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await host.supply();
    host.fill(13);
    await host.supply();
    for (const { key } of host.store.leases.list()) host.store.leases.release(key);
    await host.tend();
    host.nowMs += 60_000;
    const refuse = () => {
      throw new Error("EBUSY");
    };
    await expect(host.tend(refuse)).rejects.toThrow("EBUSY");
    expect(host.blocks().map(spell).toSorted()).toEqual(blockKeys(etcd));
  });

  it("keeps what is reserved for the host", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await host.supply();
    await writeTo(etcd, "blocks/net/10.1.0.16-28", { v: 1, owner: "n1", epoch: 0, reserved: true });
    await writeTo(etcd, "owned/n1/net/10.1.0.16-28", { v: 1 });
    await host.tend();
    expect(host.blocks()).toContain("10.1.0.16/28");
    for (const _ of [1, 2, 3]) {
      host.nowMs += 60_000;
      await host.tend();
    }
    expect(host.blocks()).toContain("10.1.0.16/28");
  });

  it("takes a released block over again when nobody told, and a release that comes late takes nothing away", async () => {
    const etcd = fakeEtcd();
    const lossy = lossyWire();
    const host = loneHost(etcd, { wire: lossy.wire });
    await host.supply();
    host.fill(13);
    await host.supply();
    for (const { key } of host.store.leases.list()) host.store.leases.release(key);
    const both = host.blocks();
    await host.tend();
    host.nowMs += 60_000;
    lossy.lose("late");
    await expect(host.tend()).rejects.toMatchObject({ outcome: "unknown" });
    const [given] = both.filter((block) => !host.blocks().includes(block));
    await host.tend();
    expect(host.blocks()).toContain(given);
    lossy.deliver();
    expect(blockKeys(etcd)).toContain(spell(given));
  });

  it("gives nothing more out of what was given away, and names the containers that have it", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await host.supply();
    host.fill(2);
    const [block] = host.blocks();
    await writeTo(etcd, "nodes/n2", { v: 1, uid: "n2", name: "other", epoch: 0, platform: "linux" });
    await removeFrom(etcd, spell(block));
    await writeTo(etcd, spell(block), { v: 1, owner: "n2", epoch: 0 });
    const { lost, claimed } = await host.tend();
    expect(lost).toMatchObject([{ block, owner: "other", containers: [owner("c0"), owner("c1")] }]);
    expect(host.blocks()).toEqual(claimed);
    expect(host.retired).toEqual([]);
    for (const { key } of host.store.leases.list()) host.store.leases.release(key);
    expect((await host.tend()).lost).toHaveLength(1);
    expect(host.retired).toEqual([block]);
    expect((await host.tend()).lost).toEqual([]);
  });

  it("claims blocks of an older epoch anew that it knows, before anything is given out of them", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await host.supply();
    const [block] = host.blocks();
    await writeTo(etcd, "nodes/n1", { ...keysOf(etcd)["nodes/n1"], epoch: 4 });
    await host.tend();
    expect(keysOf(etcd)[spell(block)]).toMatchObject({ owner: "n1", epoch: 4 });
    expect(host.blocks()).toContain(block);
  });

  it("does nothing for a host that the directory does not know", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await host.supply();
    await removeFrom(etcd, "nodes/n1");
    await expect(host.tend()).rejects.toMatchObject({ code: 11, reason: "node-unpublished" });
  });
});

it("a stretched network's block only bounds what a host gives out", async () => {
  const etcd = fakeEtcd();
  const stretched = { ...pool, mode: "stretched", cidrs: [prefix("10.1.0.0/27")] } as const;
  const [a, b] = [
    loneHost(etcd, { uid: "a", pool: stretched }),
    loneHost(etcd, { uid: "b", pool: stretched }),
  ];
  await a.supply();
  await b.supply();
  expect([...a.blocks(), ...b.blocks()].toSorted()).toEqual(["10.1.0.0/28", "10.1.0.16/28"]);
});
