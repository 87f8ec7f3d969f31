import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import { ensureNetwork } from "../../../lib/cluster/ensure-network.ts";
import { publishNode } from "../../../lib/cluster/publish-node.ts";
import type { Identity } from "../../../lib/directory/identity.ts";
import type { NetworkRecord } from "../../../lib/directory/records.ts";
import { fakeEtcd } from "../../fake/etcd.ts";
import { keysOf, lossyWire, writeTo } from "./lone-host.ts";

const self: Identity = {
  uid: "n1",
  name: "host-1",
  bootId: "boot-1",
  platform: "linux",
  tunnel: { vtep: ip("192.0.2.1"), mtu: 1450, udpPort: 4789 },
};
const { tunnel: _, ...bare } = self;

describe("the record of a host", () => {
  it("is written once, and again only when it says something else", async () => {
    const etcd = fakeEtcd();
    const first = await publishNode(etcd.client(), "/p", self);
    expect(keysOf(etcd)).toMatchObject({
      "nodes/n1": { epoch: 0, vtep: "192.0.2.1", mac: "0e:2a:c0:00:02:01" },
    });
    expect((await publishNode(etcd.client(), "/p", self)).modRevision).toBe(first.modRevision);
    const renamed = await publishNode(etcd.client(), "/p", { ...self, name: "new" });
    expect(renamed.modRevision).not.toBe(first.modRevision);
    expect(keysOf(etcd)["nodes/n1"]).toMatchObject({ name: "new", epoch: 0 });
  });

  it("keeps the epoch that an administrator gave it, fields of a later release, and a tunnel that it does not speak of", async () => {
    const etcd = fakeEtcd();
    await publishNode(etcd.client(), "/p", self);
    await writeTo(etcd, "nodes/n1", { ...keysOf(etcd)["nodes/n1"], epoch: 7, rack: "r2" });
    await publishNode(etcd.client(), "/p", { ...bare, bootId: "boot-2" });
    expect(keysOf(etcd)["nodes/n1"]).toMatchObject({
      epoch: 7,
      rack: "r2",
      vtep: "192.0.2.1",
      bootId: "boot-2",
    });
  });

  it("is of a new epoch when a host of another boot was at another place: that may be a clone", async () => {
    const etcd = fakeEtcd();
    await publishNode(etcd.client(), "/p", self);
    const moved = { ...self, tunnel: { vtep: ip("192.0.2.9"), mtu: 1450, udpPort: 4789 } };
    expect((await publishNode(etcd.client(), "/p", moved)).record.epoch).toBe(0);
    const clone = { ...self, bootId: "boot-9" };
    expect((await publishNode(etcd.client(), "/p", clone)).record.epoch).toBe(1);
  });

  it("is refused while a host of another boot is alive under its uid, which is named with where it is", async () => {
    const etcd = fakeEtcd();
    await publishNode(etcd.client(), "/p", self);
    await writeTo(etcd, "alive/n1", { v: 1, bootId: "boot-1", sinceMs: 0 });
    await publishNode(etcd.client(), "/p", self);
    await expect(publishNode(etcd.client(), "/p", { ...self, bootId: "boot-2" })).rejects.toMatchObject({
      code: 11,
      reason: "node-uid-taken",
      message: expect.stringMatching(/uid n1: host-1 at 192\.0\.2\.1 is alive.* in boot boot-1/),
    });
  });

  it("is refused at the tunnel address of a node that is alive, and comes with a warning where that one is not", async () => {
    const etcd = fakeEtcd();
    await publishNode(etcd.client(), "/p", { ...self, uid: "n0", name: "host-0" });
    const { warnings } = await publishNode(etcd.client(), "/p", self);
    expect(warnings).toEqual([
      expect.stringMatching(/node host-0 \(n0\).*192\.0\.2\.1 too.*vswitch node remove n0/),
    ]);
    await writeTo(etcd, "alive/n0", { v: 1, bootId: "x", sinceMs: 0 });
    const third = { ...self, uid: "n2" };
    await expect(publishNode(etcd.client(), "/p", third)).rejects.toMatchObject({
      code: 108,
      reason: "node-vtep-taken",
      message: expect.stringContaining("host-0"),
    });
  });

  it("that a later release wrote is not written over", async () => {
    const etcd = fakeEtcd();
    await writeTo(etcd, "nodes/n1", { v: 2 });
    await expect(publishNode(etcd.client(), "/p", self)).rejects.toMatchObject({
      code: 6,
      reason: "record-newer",
    });
    expect(keysOf(etcd)["nodes/n1"]).toEqual({ v: 2 });
  });

  it.each(["answer", "late"] as const)(
    "is there once when the first write's outcome is not known (%s)",
    async (how) => {
      const etcd = fakeEtcd();
      const lossy = lossyWire();
      lossy.lose(how);
      const { modRevision } = await publishNode(etcd.client(lossy.wire), "/p", self);
      lossy.deliver();
      expect(etcd.keys()).toMatchObject([{ key: "/p/v1/nodes/n1", modRevision, version: "1" }]);
    },
  );
});

describe("the record of a network", () => {
  const blue: NetworkRecord = {
    v: 1,
    vni: 4097,
    mode: "routed",
    cidrs: [prefix("10.40.0.0/16")],
    blockBits: { 4: 26, 6: 122 },
    udpPort: 4789,
  };
  const ensure = (etcd: ReturnType<typeof fakeEtcd>, over: Partial<NetworkRecord> = {}, name = "blue") =>
    ensureNetwork(etcd.client(), "/p", name, { ...blue, ...over });

  it("is made with that of its VNI, by whoever comes first", async () => {
    const etcd = fakeEtcd();
    const both = await Promise.all([ensure(etcd), ensure(etcd)]);
    expect(both[0]).toEqual(both[1]);
    expect(keysOf(etcd)).toMatchObject({ "networks/blue": { vni: 4097 }, "vnis/4097": { network: "blue" } });
    expect(new Set(etcd.keys().map(({ modRevision }) => modRevision)).size).toBe(1);
  });

  it("has no VNI where the network is no overlay", async () => {
    const etcd = fakeEtcd();
    const { vni: _, ...plain } = blue;
    await ensureNetwork(etcd.client(), "/p", "blue", plain);
    expect(Object.keys(keysOf(etcd))).toEqual(["networks/blue"]);
    await expect(ensure(etcd)).rejects.toMatchObject({
      message: expect.stringContaining("vni is none there, 4097 here"),
    });
  });

  it("differs with both values of all that differs", async () => {
    const etcd = fakeEtcd();
    await ensure(etcd);
    const other = {
      mode: "stretched",
      blockBits: { 4: 27, 6: 122 },
      cidrs: [prefix("10.41.0.0/16")],
    } as const;
    await expect(ensure(etcd, other)).rejects.toMatchObject({
      code: 108,
      reason: "network-differs",
      message: expect.stringMatching(
        /mode is routed there, stretched here; blocks of IPv4 have the length 26 there, 27 here; 10\.41\.0\.0\/16 .* not within 10\.40\.0\.0\/16/,
      ),
    });
  });

  it("may have more room than a configuration says", async () => {
    const etcd = fakeEtcd();
    await ensure(etcd, { cidrs: [prefix("10.0.0.0/8")] });
    expect((await ensure(etcd)).record.cidrs).toEqual(["10.0.0.0/8"]);
  });

  it("is refused with the VNI of another network, which is named", async () => {
    const etcd = fakeEtcd();
    await ensure(etcd);
    await expect(ensure(etcd, {}, "red")).rejects.toMatchObject({
      code: 108,
      reason: "vni-taken",
      message: expect.stringMatching(/VNI 4097 of network red is network blue's/),
    });
    expect(keysOf(etcd)).not.toHaveProperty("networks/red");
  });
});
