import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { createLanLab, lanWith, secondLan } from "./lan-lab.ts";
import type { Namespace } from "./namespaces.ts";
import { type Ask, type NatLab, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();

/** A refused ADD of which nothing is left: on the host, in its state, in the compartment. */
async function refusedCleanly(lab: NatLab, ask: Omit<Ask, "id" | "netns">, where?: Namespace) {
  const ns = where ?? (await lab.host.compartment("refused"));
  const [host, inside] = [await lab.host.snapshot(lab.everything), await lab.host.snapshot({}, ns)];
  const refused = await lab.refused("ADD", { ...ask, id: "refused", netns: ns.path });
  expect(await lab.host.changes(host, lab.everything)).toBe("");
  expect(await lab.host.snapshot({}, ns)).toEqual(inside);
  return refused;
}

describe.skipIf(reason !== undefined)(
  `what is in the way of a transparent network${reason ? ` (${reason})` : ""}`,
  () => {
    it("in mode passthru is any other container on the uplink, and the first has the uplink's wire alone", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const before = await host.snapshot();
      const config = lanWith({ mode: "passthru" });
      const alone = await lab.add({ config });
      expect(await host.answersPing(alone.ns, uplink.outside4)).toBe(true);
      expect(await lab.check(alone)).toMatchObject({ exitCode: 0 });
      for (const other of [config, secondLan({})]) {
        const refused = await refusedCleanly(lab, { config: other });
        expect(refused).toMatchObject({ code: 108, msg: expect.stringContaining("passthru") });
        expect(refused.details).toContain("DEL");
      }
      await lab.done("DEL", alone);
      expect(await host.changes(before)).toBe("");
      await lab.add({ config: secondLan({}) });
      const late = await refusedCleanly(lab, { config });
      expect(late).toMatchObject({ code: 108, msg: expect.stringContaining("eth0 has a macvlan already") });
    });

    it("is a MAC that another container on the uplink has", async () => {
      await using lab = await createLanLab();
      const runtimeConfig = { mac: "02:00:00:00:00:42" };
      const first = await lab.add({ runtimeConfig });
      const refused = await refusedCleanly(lab, { runtimeConfig });
      expect(refused).toMatchObject({ code: 103, msg: expect.stringContaining("MAC 02:00:00:00:00:42") });
      expect(await lab.check(first)).toMatchObject({ exitCode: 0 });
      expect(await lab.host.answersPing(first.ns, uplink.outside4)).toBe(true);
    });

    it("is an interface of that name in the compartment, which stays", async () => {
      await using lab = await createLanLab();
      const ns = await lab.host.compartment();
      await lab.host.exec(ns, "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "other");
      const refused = await refusedCleanly(lab, {}, ns);
      expect(refused).toMatchObject({ code: 101, msg: expect.stringContaining("interface eth0 exists") });
    });

    it("is the same network with other settings, while a container is on it, with both values", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      await host.exec(host.ns, "ip", "link", "add", "eth1", "type", "veth", "peer", "name", "far1");
      await host.exec(host.ns, "ip", "link", "set", "eth1", "up");
      const first = await lab.add();
      const others = [
        [{ mode: "private" }, "private"],
        [{ uplink: "eth1" }, "eth1"],
        [{ mtu: 1400 }, "1400"],
        [{ hostAccess: true }, "hostAccess"],
        [{ vlan: 7 }, "7"],
      ] as const;
      for (const [settings, word] of others) {
        const refused = await refusedCleanly(lab, { config: lanWith(settings) });
        expect(refused, word).toMatchObject({ code: 108 });
        expect(`${refused.msg} ${refused.details}`).toContain(word);
      }
      // What is of each container alone may differ.
      await lab.add({ config: lanWith({ dad: false }) });
      expect(await lab.check(first)).toMatchObject({ exitCode: 0 });
    });

    it("is no other network on the uplink: their containers reach each other and the LAN", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const a = await lab.add();
      const b = await lab.add({ config: secondLan({}) });
      expect(await host.answersPing(a.ns, b.ip4)).toBe(true);
      expect(await host.answersPing(b.ns, uplink.outside6)).toBe(true);
      await lab.done("GC", { config: secondLan({ "cni.dev/valid-attachments": [] }) });
      expect(await host.exec(b.ns, "ip", "-o", "link", "show", "type", "macvlan")).toBe("");
      expect(await host.answersPing(a.ns, uplink.outside4)).toBe(true);
    });

    it("is another interface under the name of the host's adapter, which stays", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const config = lanWith({ hostAccess: true });
      const name = "vsh-transparent".slice(0, 15);
      await host.exec(host.ns, "ip", "link", "add", name, "type", "veth", "peer", "name", "far1");
      const refused = await refusedCleanly(lab, { config });
      expect(refused).toMatchObject({ code: 108, msg: expect.stringContaining(name) });
    });

    it("is another interface under the name of its VLAN, which stays", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      await host.exec(host.ns, "ip", "link", "add", "eth0.7", "type", "veth", "peer", "name", "far1");
      const refused = await refusedCleanly(lab, { config: lanWith({ vlan: 7 }) });
      expect(refused).toMatchObject({ code: 108, msg: expect.stringContaining("VLAN 7 of eth0") });
    });

    it("is the bridge that has the uplink as a port, and that is named as the one to take", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const script = `ip link add br9 type bridge; ip link set br9 up
        ip link add p0 type veth peer name p1; ip link set p0 master br9 up; ip link set p1 up`;
      await host.exec(host.ns, "sh", "-ec", script);
      const refused = await refusedCleanly(lab, { config: lanWith({ uplink: "p0", dad: false }) });
      expect(refused).toMatchObject({ code: 108, msg: expect.stringContaining("p0 is a port of br9") });
      expect(refused.details).toContain("name br9");
      const attached = await lab.add({ config: lanWith({ uplink: "br9", dad: false }) });
      expect(await lab.check(attached)).toMatchObject({ exitCode: 0 });
    });

    it("is the loopback of the host", async () => {
      await using lab = await createLanLab();
      const refused = await refusedCleanly(lab, { config: lanWith({ uplink: "lo" }) });
      expect(refused).toMatchObject({ code: 7, msg: expect.stringContaining("loopback") });
    });

    it("is no uplink that is a macvlan itself, as in a container that is a host", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      await host.exec(
        host.ns,
        "ip",
        "link",
        "add",
        "mv0",
        "link",
        "eth0",
        "type",
        "macvlan",
        "mode",
        "bridge",
      );
      await host.exec(host.ns, "ip", "link", "set", "mv0", "up");
      const attached = await lab.add({ config: lanWith({ uplink: "mv0" }) });
      expect(await host.answersPing(attached.ns, uplink.outside4)).toBe(true);
      expect(await lab.check(attached)).toMatchObject({ exitCode: 0 });
    });

    it("is an MTU that the uplink does not carry", async () => {
      await using lab = await createLanLab();
      const refused = await refusedCleanly(lab, { config: lanWith({ mtu: 1501 }) });
      expect(refused).toMatchObject({
        code: 7,
        msg: expect.stringContaining("the uplink eth0 carries 1500"),
      });
    });
  },
);
