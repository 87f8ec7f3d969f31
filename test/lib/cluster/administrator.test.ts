import { describe, expect, it } from "vitest";
import { type Prefix, prefix } from "../../../lib/addr/prefix.ts";
import { findNode } from "../../../lib/cluster/find-node.ts";
import { overview } from "../../../lib/cluster/overview.ts";
import { removeNode } from "../../../lib/cluster/remove-node.ts";
import { reserve, unreserve } from "../../../lib/cluster/reserve.ts";
import { type FakeEtcd, fakeEtcd } from "../../fake/etcd.ts";
import { fixedRequest, keysOf, loneHost, lossyWire, removeFrom, writeTo } from "./lone-host.ts";

const remove = (etcd: FakeEtcd, uid: string, force = false) =>
  removeNode(etcd.client(), "/p", uid, { force });
const keep = (etcd: FakeEtcd, block: string, node?: string) =>
  reserve(etcd.client(), "/p", "net", prefix(block), node);
/** A host with a block of its own, and another block that is kept, with an address inside. */
async function oneReserved() {
  const etcd = fakeEtcd();
  const host = loneHost(etcd);
  await host.supply();
  const block = host.blocks()[0] === "10.1.0.16/28" ? "10.1.0.32/28" : "10.1.0.16/28";
  const inside = block.replace(/\d+\/28$/, (end) => `${Number(end.split("/")[0]) + 5}`);
  await keep(etcd, block);
  return { etcd, host, block, inside };
}
const spell = (block: Prefix | string | undefined): string => `blocks/net/${block?.replace("/", "-")}`;

describe("a node that is removed", () => {
  it("leaves nothing behind but what is reserved for it", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await host.supply();
    await keep(etcd, "10.1.0.0/28", "n1");
    await writeTo(etcd, "endpoints/net/n1/web.eth0", { v: 1, ips: ["10.1.0.2"], mac: "0e:2a:0a:01:00:02" });
    await writeTo(etcd, "endpoints/net/n2/web.eth0", { v: 1, ips: ["10.1.0.3"], mac: "0e:2a:0a:01:00:03" });
    await writeTo(etcd, "ips/net/10.1.0.40", { v: 1, node: "n1", container: "c", ifname: "eth0" });
    const removed = await remove(etcd, "n1");
    expect(removed).toEqual({ name: "host-n1", blocks: host.blocks(), kept: ["10.1.0.0/28"] });
    expect(Object.keys(keysOf(etcd)).toSorted()).toEqual([
      "blocks/net/10.1.0.0-28",
      "endpoints/net/n2/web.eth0",
      "networks/net",
      "owned/n1/net/10.1.0.0-28",
    ]);
  });

  it("gives nothing more out when it comes back", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await host.supply();
    const before = host.blocks();
    await remove(etcd, "n1");
    await writeTo(etcd, spell(before[0]), { v: 1, owner: "n2", epoch: 0 });
    const back = host.again("boot");
    await back.supply({ families: [] });
    expect(back.blocks()).toEqual([]);
    expect(back.warnings).toEqual([expect.stringMatching(/is node n2's by the directory/)]);
  });

  it("makes no claim come to pass that it sent before", async () => {
    const etcd = fakeEtcd();
    const lossy = lossyWire();
    const host = loneHost(etcd);
    await host.supply();
    host.fill(13);
    const late = loneHost(etcd, { wire: lossy.wire });
    lossy.lose("late");
    await late.supply();
    for (const key of Object.keys(keysOf(etcd)))
      if (key.startsWith("blocks/") && key !== spell(host.blocks()[0])) await removeFrom(etcd, key);
    await remove(etcd, "n1");
    lossy.deliver();
    expect(Object.keys(keysOf(etcd)).filter((key) => key.startsWith("blocks/"))).toEqual([]);
  });

  it("is refused while its agent is alive, unless by force", async () => {
    const etcd = fakeEtcd();
    await loneHost(etcd).supply();
    await writeTo(etcd, "alive/n1", { v: 1, bootId: "boot-1", sinceMs: 0 });
    await expect(remove(etcd, "n1")).rejects.toMatchObject({ code: 108, reason: "node-alive" });
    expect((await remove(etcd, "n1", true)).blocks).toHaveLength(1);
  });

  it("that nobody knows is error 3, and one of which only blocks are left is not", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await host.supply();
    await expect(remove(etcd, "n9")).rejects.toMatchObject({ code: 3, reason: "node-unknown" });
    await removeFrom(etcd, "nodes/n1");
    expect(await remove(etcd, "n1")).toEqual({ name: "n1", blocks: host.blocks(), kept: [] });
  });

  it("with more blocks than a transaction has room for loses them all", async () => {
    const etcd = fakeEtcd();
    await loneHost(etcd).supply();
    for (let i = 0; i < 100; i++) {
      await writeTo(etcd, `blocks/far/10.9.${i}.0-26`, { v: 1, owner: "n1", epoch: 0 });
      await writeTo(etcd, `owned/n1/far/10.9.${i}.0-26`, { v: 1 });
    }
    expect((await remove(etcd, "n1")).blocks).toHaveLength(101);
    expect(Object.keys(keysOf(etcd))).toEqual(["networks/net"]);
  });

  it.each(["answer", "late"] as const)(
    "is removed also when the first write's outcome is not known (%s)",
    async (how) => {
      const etcd = fakeEtcd();
      const lossy = lossyWire();
      await loneHost(etcd).supply();
      lossy.lose(how);
      const { blocks } = await removeNode(etcd.client(lossy.wire), "/p", "n1", { force: false });
      lossy.deliver();
      expect(blocks).toHaveLength(1);
      expect(Object.keys(keysOf(etcd))).toEqual(["networks/net"]);
    },
  );

  it("goes by its name where no other has it", async () => {
    const etcd = fakeEtcd();
    await loneHost(etcd, { uid: "a", identity: { name: "twin" } }).supply();
    await loneHost(etcd, { uid: "b", identity: { name: "twin" } }).supply();
    await loneHost(etcd, { uid: "c" }).supply();
    expect(await findNode(etcd.client(), "/p", "host-c")).toBe("c");
    expect(await findNode(etcd.client(), "/p", "a")).toBe("a");
    await expect(findNode(etcd.client(), "/p", "twin")).rejects.toMatchObject({
      message: expect.stringContaining("a, b"),
    });
  });
});

describe("a block that is reserved", () => {
  it("is claimed by no host, and every block of a larger prefix is", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await host.supply();
    const free = ["10.1.0.0/25", "10.1.0.128/25"].find(
      (half) =>
        !host.blocks().some((block) => Number(block.split(/[./]/)[3]) >= 128 === half.includes("128")),
    );
    expect(await keep(etcd, free ?? "")).toHaveLength(8);
    const claimed: string[] = [];
    for (let i = 0; i < 7; i++) {
      host.fill(13);
      await host.supply();
      claimed.push(...host.blocks());
    }
    host.fill(13);
    await expect(host.supply()).rejects.toMatchObject({ code: 102 });
  });

  it("is refused where somebody has it, whom the error names, where it is no whole block, or not of the network", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await expect(keep(etcd, "10.1.0.0/28")).rejects.toMatchObject({ code: 3, reason: "network-unknown" });
    await host.supply();
    const message = expect.stringMatching(/is node host-n1's/);
    await expect(keep(etcd, host.blocks()[0] ?? "")).rejects.toMatchObject({ code: 108, message });
    await expect(keep(etcd, "10.1.0.0/29")).rejects.toMatchObject({ code: 7 });
    await expect(keep(etcd, "10.2.0.0/28")).rejects.toMatchObject({ code: 7 });
    await expect(keep(etcd, "10.1.0.0/28", "n9")).rejects.toMatchObject({ code: 3, reason: "node-unknown" });
  });

  it("is anybody's again when no container has an address of it", async () => {
    const { etcd, host, block, inside } = await oneReserved();
    await host.supply({ families: [], fixed: fixedRequest(inside, "web") });
    const undo = () => unreserve(etcd.client(), "/p", "net", prefix(block));
    await expect(undo()).rejects.toMatchObject({ code: 108, message: expect.stringContaining(inside) });
    await removeFrom(etcd, `ips/net/${inside}`);
    expect(await undo()).toEqual([block]);
    expect(keysOf(etcd)).not.toHaveProperty(spell(block));
    await expect(undo()).rejects.toMatchObject({ reason: "not-reserved" });
  });

  it("stays reserved when an address of it is claimed while that is taken away", async () => {
    const { etcd, host, block, inside } = await oneReserved();
    let isClaimed = false;
    const client = etcd.client(async ({ writes, apply }) => {
      // Between its last look and its write.
      if (writes && !isClaimed) {
        isClaimed = true;
        await host.supply({ families: [], fixed: fixedRequest(inside, "web") });
      }
      return apply();
    });
    await expect(unreserve(client, "/p", "net", prefix(block))).rejects.toMatchObject({
      reason: "block-in-use",
    });
    expect(keysOf(etcd)).toMatchObject({
      [spell(block)]: { reserved: true },
      [`ips/net/${inside}`]: { node: "n1" },
    });
  });
});

it("an overview says who has how many blocks, and what cannot be read", async () => {
  const etcd = fakeEtcd();
  await loneHost(etcd, { uid: "a" }).supply();
  await loneHost(etcd, { uid: "b" }).supply();
  await writeTo(etcd, "alive/b", { v: 1, bootId: "boot-1", sinceMs: 7 });
  await writeTo(etcd, "nodes/b", { ...keysOf(etcd)["nodes/b"], epoch: 2 });
  await writeTo(etcd, "nodes/c", { v: 1 });
  expect(await overview(etcd.client(), "/p")).toMatchObject({
    nodes: [
      { uid: "a", name: "host-a", epoch: 0, blocks: 1, staleBlocks: 0 },
      { uid: "b", name: "host-b", epoch: 2, blocks: 1, staleBlocks: 1, aliveSinceMs: 7 },
    ],
    networks: [{ name: "net", blocks: 16, claimed: 2, reserved: 0, fixed: 0, hosts: 2 }],
    faults: [{ key: "/p/v1/nodes/c" }],
  });
});
