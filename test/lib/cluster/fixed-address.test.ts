import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { releaseAddresses } from "../../../lib/cluster/fixed-address.ts";
import { type FakeEtcd, fakeEtcd } from "../../fake/etcd.ts";
import { owner } from "../state/fixture-values.ts";
import {
  fixedRequest,
  keysOf,
  type LoneHost,
  loneHost,
  lossyWire,
  pool,
  removeFrom,
  writeTo,
} from "./lone-host.ts";

const address = ip("10.1.0.20");
const key = "ips/net/10.1.0.20";

async function reservedBlock(): Promise<FakeEtcd> {
  const etcd = fakeEtcd();
  await writeTo(etcd, "blocks/net/10.1.0.16-28", { v: 1, epoch: 0, reserved: true });
  return etcd;
}

const ask = (host: LoneHost, container: string, text = "10.1.0.20"): Promise<void> =>
  host.supply({ families: [], fixed: fixedRequest(text, container) });

const giveBack = (etcd: FakeEtcd, host: LoneHost, container?: string) =>
  releaseAddresses(
    { etcd: etcd.client(), pool, store: host.store, now: () => host.nowMs },
    container === undefined ? undefined : owner(container).key,
  );

describe("an address that a container asks for", () => {
  it("of a reserved block is its own by a key, on any host, and nobody else's", async () => {
    const etcd = await reservedBlock();
    const [a, b] = [loneHost(etcd, { uid: "a" }), loneHost(etcd, { uid: "b" })];
    await ask(a, "web");
    expect(keysOf(etcd)[key]).toMatchObject({ node: "a", container: "web", ifname: "eth0" });
    expect(a.blocks()).toEqual([]);
    await expect(ask(b, "db")).rejects.toMatchObject({
      code: 103,
      reason: "address-taken",
      message: expect.stringMatching(/container web \(eth0\) of node host-a/),
    });
    await ask(b, "db", "10.1.0.21");
    expect(keysOf(etcd)["ips/net/10.1.0.21"]).toMatchObject({ node: "b" });
  });

  it("of another host's block is refused with that host's name", async () => {
    const etcd = fakeEtcd();
    const [a, b] = [loneHost(etcd, { uid: "a" }), loneHost(etcd, { uid: "b" })];
    await a.supply();
    const base = a.blocks()[0]?.split("/")[0] ?? "";
    const inside = base.replace(/\d+$/, (last) => `${Number(last) + 5}`);
    await expect(ask(b, "web", inside)).rejects.toMatchObject({
      code: 103,
      reason: "address-elsewhere",
      message: expect.stringContaining("node host-a"),
    });
  });

  it("of a block that nobody has is had with the whole block", async () => {
    const etcd = fakeEtcd();
    const host = loneHost(etcd);
    await ask(host, "web");
    expect(host.blocks()).toEqual(["10.1.0.16/28"]);
    expect(keysOf(etcd)).not.toHaveProperty(key);
  });

  it("is given back when its container is gone, at once to who says which, else after a minute", async () => {
    const etcd = await reservedBlock();
    const host = loneHost(etcd);
    await ask(host, "web");
    host.store.leases.take(owner("web"), address);
    expect(await giveBack(etcd, host, "web")).toEqual([]);
    host.store.leases.release(owner("web").key);
    expect(await giveBack(etcd, host)).toEqual([]);
    expect(await giveBack(etcd, host, "web")).toEqual([address]);
    expect(keysOf(etcd)).not.toHaveProperty(key);

    await ask(host, "web");
    host.nowMs += 60_000;
    expect(await giveBack(etcd, host)).toEqual([address]);
    expect(host.store.fixed.list()).toEqual([]);
  });

  it("is claimed anew where its giving back is still on the way, which then comes to nothing", async () => {
    const etcd = await reservedBlock();
    const lossy = lossyWire();
    const host = loneHost(etcd);
    await ask(host, "web");
    lossy.lose("late");
    const work = { etcd: etcd.client(lossy.wire), pool, store: host.store, now: () => host.nowMs };
    await expect(releaseAddresses(work, owner("web").key)).rejects.toMatchObject({ outcome: "unknown" });
    await ask(host, "web");
    lossy.deliver();
    expect(keysOf(etcd)[key]).toMatchObject({ node: "n1", container: "web" });
    expect(host.store.fixed.get("net", address)).toMatchObject({ key: owner("web").key });
  });

  it("of a container that this host has lost goes to the next of its own that asks", async () => {
    const etcd = await reservedBlock();
    const host = loneHost(etcd);
    await ask(host, "old");
    await ask(host.again("state"), "new");
    expect(keysOf(etcd)[key]).toMatchObject({ container: "new" });
  });

  it("is known again to the agent of a host that has lost its state, and given back when nobody has it", async () => {
    const etcd = await reservedBlock();
    const host = loneHost(etcd);
    await ask(host, "web");
    await ask(host, "gone", "10.1.0.22");
    const again = host.again("state");
    again.store.leases.take(owner("web"), address);
    await again.tend();
    expect(Object.keys(keysOf(etcd)).filter((each) => each.startsWith("ips/"))).toEqual([key]);
    expect(again.store.fixed.list()).toMatchObject([{ address, key: owner("web").key }]);
  });

  it("is not claimed out of a block whose reservation was taken away meanwhile", async () => {
    const etcd = await reservedBlock();
    const host = loneHost(etcd);
    await removeFrom(etcd, "blocks/net/10.1.0.16-28");
    await writeTo(etcd, "blocks/net/10.1.0.16-28", { v: 1, owner: "z", epoch: 0 });
    await expect(ask(host, "web")).rejects.toMatchObject({ reason: "address-elsewhere" });
  });
});
