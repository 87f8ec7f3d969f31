import { Database } from "bun:sqlite";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ip } from "../../lib/addr/ip.ts";
import { contains, prefix } from "../../lib/addr/prefix.ts";
import { removeNode } from "../../lib/cluster/remove-node.ts";
import type { Etcd } from "../../lib/etcd/etcd.ts";
import { claimRace } from "./claim-race.ts";
import { type EtcdLab, startEtcd, whyNoEtcd } from "./etcd-lab.ts";
import { createLab, whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayHost, type OverlayLab } from "./overlay-lab.ts";
import { toolOf } from "./tool.ts";

const why = whyNoNat() ?? whyNoEtcd();
const root = "/t";

describe.skipIf(why)(`addresses that a cluster deals out${why ? `: ${why}` : ""}`, () => {
  let lab: OverlayLab;
  let etcd: EtcdLab;
  let client: Etcd;
  let hosts: readonly OverlayHost[];
  let access: object;

  beforeAll(async () => {
    const endpoints = ["http://192.0.2.254:2379"];
    access = { endpoints, prefix: root };
    lab = await createOverlayLab({
      config: {
        name: "blue",
        subnets: undefined,
        cidrs: ["10.40.0.0/16"],
        blockBits: 29,
        directory: { type: "etcd", ...access },
      },
    });
    hosts = lab.hosts;
    etcd = await startEtcd({ at: lab.lan.ns, address: "192.0.2.254" });
    client = etcd.client({}, { prefix: root });
  });
  afterAll(async () => {
    await etcd?.close();
    await lab?.[Symbol.asyncDispose]();
  });

  const keys = async (folder: string): Promise<readonly { key: string; value: Record<string, unknown> }[]> =>
    (await client.list(`${root}/v1/${folder}/`)).kvs.map(({ key, value }) => ({
      key: key.slice(`${root}/v1/`.length),
      value: JSON.parse(value),
    }));
  const owners = async (network: string): Promise<ReadonlyMap<string, unknown>> =>
    new Map(
      (await keys(`blocks/${network}`)).map(({ key, value }) => [
        key.slice(`blocks/${network}/`.length).replace("-", "/"),
        value.owner,
      ]),
    );
  const blockOf = async (address: string): Promise<string | undefined> =>
    [...(await owners("blue")).keys()].find((block) => contains(prefix(block), ip(address)));

  it("come out of blocks that the first ADD of each host claims, and says who the host is", async () => {
    const [first, second] = hosts as [OverlayHost, OverlayHost];
    const [a, b] = await Promise.all([first.add({ id: "a" }), second.add({ id: "b" })]);
    const blocks = await owners("blue");
    expect(blocks.size).toBe(2);
    expect(await blockOf(a.ip4)).not.toBe(await blockOf(b.ip4));
    const nodes = await keys("nodes");
    expect(nodes.map(({ value }) => value.vtep).toSorted()).toEqual(["192.0.2.1", "192.0.2.2"]);
    expect(nodes.map(({ value }) => value.uid).toSorted()).toEqual([...blocks.values()].toSorted());
    expect(await keys("networks")).toMatchObject([
      { value: { vni: 4097, mode: "routed", cidrs: ["10.40.0.0/16"], blockBits: { 4: 29 } } },
    ]);
    expect((await first.check(a)).exitCode).toBe(0);
  });

  it("are given while etcd is away as long as a block has room, then error 11 says what is full and why", async () => {
    const [, second] = hosts as [OverlayHost, OverlayHost];
    await etcd.stop(0);
    try {
      for (const id of ["c", "d", "e", "f"]) await second.add({ id });
      const failure = await second.refused("ADD", { id: "g", netns: (await second.host.compartment()).path });
      expect(failure.code).toBe(11);
      expect(failure.msg).toMatch(/5 of 5 addresses leased.*http:\/\/192\.0\.2\.254:2379/);
      await second.done("DEL", { id: "c" });
      await second.add({ id: "h" });
    } finally {
      await etcd.start(0);
    }
    await second.add({ id: "i" });
    expect([...(await owners("blue")).values()]).toHaveLength(3);
  });

  it("of a host that has lost its state come out of the same blocks again", async () => {
    const [first] = hosts as [OverlayHost];
    const before = await owners("blue");
    for (const suffix of ["", "-wal", "-shm"])
      rmSync(join(first.dataDir, `state.db${suffix}`), { force: true });
    const added = await first.add({ id: "j" });
    expect(await owners("blue")).toEqual(before);
    expect(await blockOf(added.ip4)).toBe(await blockOf(added.gateway4));
  });

  it("of a host that was removed are claimed anew once it has asked, and no block that was given away serves it", async () => {
    const [first] = hosts as [OverlayHost];
    const uid = (await keys("nodes")).find(({ value }) => value.vtep === "192.0.2.1")?.value.uid as string;
    const lost = [...(await owners("blue"))].filter(([, owner]) => owner === uid).map(([block]) => block);
    const removed = await removeNode(client, root, uid, { force: false });
    expect(removed.blocks).toEqual(lost);
    // Somebody else takes them, as any host may from now on.
    for (const block of lost) {
      const key = `${root}/v1/blocks/blue/${block.replace("/", "-")}`;
      await client.txn([], [{ kind: "put", key, value: JSON.stringify({ v: 1, owner: "other", epoch: 0 }) }]);
    }
    // As if the host had been away for long.
    const database = new Database(join(first.dataDir, "state.db"));
    database.run("UPDATE pools SET checked_ms = 0, tried_ms = 0");
    database.close();
    const again = await first.call("ADD", { id: "k", netns: (await first.host.compartment()).path });
    expect(again.exitCode).toBe(0);
    expect(again.stderr).toMatch(/is node other's by the directory.*restart /);
    const address = JSON.parse(again.stdout).ips[0].address.split("/")[0];
    expect(lost).not.toContain(await blockOf(address));
  });

  it("are given twice to nobody when 32 hosts claim at once", async () => {
    const { addresses } = await claimRace({
      hosts: 32,
      addresses: 20,
      network: "race",
      access: etcd.access({ prefix: `${root}/race` }),
      client: () => etcd.client(),
    });
    expect(new Set(addresses).size).toBe(32 * 20);
  });

  it("that were asked for are claimed by their key in a reserved block, and free again after DEL", async () => {
    const [, second] = hosts as [OverlayHost, OverlayHost];
    const taken = await owners("blue");
    const free = ["10.40.77.0/29", "10.40.78.0/29"].find((block) => !taken.has(block)) ?? "";
    const wanted = free.replace("0/29", "3");
    const words = ["--endpoints", "http://192.0.2.254:2379", "--prefix", root];
    const vswitch = toolOf(second);
    const reserved = await vswitch("network", "reserve", "blue", free, ...words);
    expect(reserved.stdout).toContain(`${free} is reserved`);
    const added = await second.add({ id: "web", args: `IP=${wanted}` });
    expect(added.result.ips).toMatchObject([{ address: `${wanted}/32`, gateway: free.replace("0/29", "1") }]);
    expect(await keys("ips")).toMatchObject([{ key: `ips/blue/${wanted}`, value: { container: "web" } }]);
    expect((await second.check(added)).exitCode).toBe(0);
    expect(await second.host.answersPing(added.ns, added.gateway4)).toBe(true);
    await second.done("DEL", { id: "web", netns: added.ns.path });
    expect(await keys("ips")).toEqual([]);
    const listed = await vswitch("network", "list", "--json", ...words);
    const [blue] = (JSON.parse(listed.stdout) as { name: string; reserved: number }[]).filter(
      ({ name }) => name === "blue",
    );
    expect(blue).toMatchObject({ reserved: 1, fixed: 0 });
    const nodes = await vswitch("node", "list");
    expect(nodes.stdout).toContain("192.0.2.2");
    const refused = await vswitch("node", "remove", "x");
    expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining("--yes")]);
  });

  it("of a nat network, whose hosts have no tunnel, come out of claimed blocks as well", async () => {
    await using nat = await createLab({
      lan: { ns: lab.lan.ns, number: 9 },
      config: { name: "green", ipam: { store: "etcd", ...access, cidrs: ["10.77.0.0/20"] } },
    });
    const added = await nat.add({ id: "n" });
    const [record] = (await keys("networks")).filter(({ key }) => key === "networks/green");
    expect(record?.value).not.toHaveProperty("vni");
    expect([...(await owners("green")).keys()].some((block) => contains(prefix(block), ip(added.ip4)))).toBe(
      true,
    );
    await nat.done("DEL", { id: "n" });
  });
});
