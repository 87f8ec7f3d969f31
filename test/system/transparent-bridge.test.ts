import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { createLanLab, lanWith, secondLan } from "./lan-lab.ts";
import { type NatLab, whyNoNat } from "./nat-lab.ts";
import { toolOf } from "./tool.ts";

const reason = whyNoNat();
const config = lanWith({ switch: "bridge" });
const none = { "cni.dev/valid-attachments": [] };
const empty = { config: { ...config, ...none } };
const bridge = "vsw-transparent";

const masterOf = async ({ host }: NatLab, device: string): Promise<string | undefined> =>
  /master (\S+)/.exec(await host.exec(host.ns, "ip", "link", "show", "dev", device))?.[1];

/** What leads to the LAN goes with its driver, and comes back as another interface of the same name. */
const removeUplink = ({ host }: NatLab) => host.exec(host.ns, "ip", "link", "del", "eth0");
const makeUplink = ({ host }: NatLab) =>
  host.exec(
    host.ns,
    "sh",
    "-ec",
    `ip link add eth0 type veth peer name eth0 netns ${host.outside.name}
    for at in "" "-n ${host.outside.name}"; do ip $at link set eth0 addrgenmode none; ip $at link set eth0 up; done
    ip -n ${host.outside.name} address add ${uplink.outside4}/24 dev eth0
    ip -n ${host.outside.name} address add ${uplink.outside6}/64 dev eth0 nodad`,
  );

async function status(lab: NatLab): Promise<number> {
  const outcome = await lab.call("STATUS", { config });
  return outcome.exitCode === 0 ? 0 : (JSON.parse(outcome.stdout) as { readonly code: number }).code;
}

describe.skipIf(reason !== undefined)(
  `a transparent network on a bridge${reason ? ` (${reason})` : ""}`,
  () => {
    it("lets container, host and LAN reach each other, by addresses and MACs of their own", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const [a, b] = [await lab.add(), await lab.add()];
      for (const [from, to] of [
        [host.outside, a.ip4],
        [host.outside, a.ip6],
        [host.outside, uplink.host4],
        [host.outside, uplink.host6],
        [host.ns, a.ip4],
        [host.ns, a.ip6],
        [host.ns, uplink.outside4],
        [host.ns, uplink.outside6],
        [a.ns, uplink.host4],
        [a.ns, uplink.host6],
        [a.ns, uplink.outside4],
        [a.ns, uplink.outside6],
        [a.ns, b.ip4],
        [a.ns, b.ip6],
      ] as const)
        expect(await host.answersPing(from, to), to).toBe(true);
      const [, , vnic] = a.result.interfaces;
      const neighbours = await host.exec(host.outside, "ip", "neighbour", "show", a.ip4);
      expect(neighbours).toContain(`lladdr ${vnic?.mac}`);
    });

    it("is undone completely when nobody is left", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const before = await host.snapshot();
      const a = await lab.add();
      expect((await lab.check(a)).stdout).toBe("");
      await lab.done("DEL", a);
      await lab.done("DEL", a);
      expect(await masterOf(lab, "eth0")).toBe(bridge);
      await lab.done("GC", empty);
      expect(await host.changes(before)).toBe("");
      await lab.done("GC", empty);
    });

    it("gives back what somebody changed meanwhile, as he has changed it", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const a = await lab.add();
      const script = `ip address add 192.0.2.91/24 dev ${bridge}; ip address del ${uplink.host6}/64 dev ${bridge}
        ip route add 10.9.0.0/16 via ${uplink.outside4} metric 7; ip route del default`;
      await host.exec(host.ns, "sh", "-ec", script);
      await lab.done("DEL", a);
      await lab.done("GC", empty);
      const addresses = await host.exec(host.ns, "ip", "address", "show", "dev", "eth0");
      expect(addresses).toContain("192.0.2.91/24");
      expect(addresses).not.toContain(uplink.host6);
      const routes = await host.exec(host.ns, "ip", "route");
      expect(routes).toMatch(/^10\.9\.0\.0\/16 via 192\.0\.2\.2 dev eth0 metric 7/m);
      expect(routes).not.toContain("default");
    });

    it("keeps its ports' guard and ACLs as a nat network does", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const acl = {
        Type: "ACL",
        Settings: { Action: "Block", Direction: "In", Protocols: "1", Priority: 1 },
      };
      const a = await lab.add({ config: { ...config, guard: true } });
      const b = await lab.add({ config: { ...config, policies: [acl] } });
      expect(await host.answersPing(host.outside, a.ip4)).toBe(true);
      expect(await host.answersPing(host.outside, b.ip4)).toBe(false);
      await host.exec(a.ns, "ip", "address", "add", "192.0.2.180/32", "dev", "eth0");
      const spoofing = await host.run(a.ns, [
        "busybox",
        "ping",
        "-c",
        "1",
        "-W",
        "1",
        "-I",
        "192.0.2.180",
        uplink.outside4,
      ]);
      expect(spoofing.exitCode).not.toBe(0);
    });

    it("is made once when two containers are its first", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const before = await host.snapshot();
      for (let i = 0; i < 10; i++) {
        const all = await Promise.all([lab.add(), lab.add(), lab.add()]);
        expect(await masterOf(lab, "eth0")).toBe(bridge);
        expect(await host.answersPing(host.outside, uplink.host4)).toBe(true);
        for (const one of all) expect(await host.answersPing(host.outside, one.ip4)).toBe(true);
        for (const one of all) await lab.done("DEL", one);
        await lab.done("GC", empty);
      }
      expect(await host.changes(before)).toBe("");
    });

    it("has the uplink again after it was gone, by the next ADD or by repair", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const tool = toolOf(lab);
      expect(await status(lab)).toBe(0);
      const a = await lab.add();
      for (const mend of ["ADD", "repair"] as const) {
        await removeUplink(lab);
        expect(await status(lab)).toBe(51);
        const ns = await host.compartment();
        const refused = await lab.refused("ADD", { id: "none", netns: ns.path });
        expect(refused).toMatchObject({ code: 106 });
        await makeUplink(lab);
        expect(await masterOf(lab, "eth0")).toBe(undefined);
        expect((await lab.check(a)).stdout).toContain("uplink eth0 as a port of vsw-transparent");
        if (mend === "ADD") await lab.add({ id: "next" });
        else expect((await tool("repair")).exitCode).toBe(0);
        expect(await masterOf(lab, "eth0")).toBe(bridge);
        expect((await lab.check(a)).stdout).toBe("");
        expect(await host.answersPing(host.outside, a.ip4)).toBe(true);
        expect(await host.answersPing(host.outside, uplink.host4)).toBe(true);
      }
      await host.exec(host.outside, "ip", "link", "set", "eth0", "down");
      expect(await status(lab)).toBe(51);
    });

    it("has the uplink again by itself where the agent runs", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const a = await lab.add();
      toolOf(lab).start("agent");
      await removeUplink(lab);
      const monitor = host.start(host.ns, ["ip", "monitor", "link"]);
      await makeUplink(lab);
      await monitor.line(
        (line) => /\beth0\b.* master vsw-transparent/.test(line),
        "uplink in the bridge",
        20_000,
      );
      expect(await host.answersPing(host.outside, a.ip4)).toBe(true);
      expect(await host.answersPing(host.outside, uplink.host4)).toBe(true);
    });

    it("is removed without its uplink when that is gone for good", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const a = await lab.add();
      await removeUplink(lab);
      await lab.done("DEL", a);
      await lab.done("GC", empty);
      expect(await host.exec(host.ns, "ip", "-o", "link", "show", "type", "bridge")).toBe("");
      expect(await status(lab)).toBe(50);
    });

    it("gives the host to nobody else's port when its uplink is gone", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const a = await lab.add();
      await removeUplink(lab);
      const script = `ip link add tap0 up master ${bridge} type veth peer name tap1; ip link set tap1 up`;
      await host.exec(host.ns, "sh", "-ec", script);
      await lab.done("DEL", a);
      await lab.call("GC", empty);
      expect(await masterOf(lab, "tap0")).toBe(bridge);
      const addresses = await host.exec(host.ns, "ip", "-4", "address", "show", "dev", bridge);
      expect(addresses).toContain(uplink.host4);
    });

    it("gives the host back to an uplink that somebody has given another name", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const a = await lab.add();
      await host.exec(host.ns, "sh", "-ec", "ip link set eth0 down; ip link set eth0 name lan0 up");
      await lab.done("DEL", a);
      await lab.done("GC", empty);
      expect(await masterOf(lab, "lan0")).toBe(undefined);
      const addresses = await host.exec(host.ns, "ip", "-4", "address", "show", "dev", "lan0");
      expect(addresses).toContain(uplink.host4);
    });

    it("is known by its marks when the state file is lost, to the next ADD and to GC", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const before = await host.snapshot();
      const a = await lab.add();
      rmSync(lab.dataDir, { recursive: true });
      const b = await lab.add();
      expect(await host.answersPing(host.outside, b.ip4)).toBe(true);
      expect(await masterOf(lab, "eth0")).toBe(bridge);
      rmSync(lab.dataDir, { recursive: true });
      await lab.done("DEL", a);
      await lab.done("GC", empty);
      expect(await host.changes(before)).toBe("");
    });

    it("takes an uplink by what it is told: the default route's, a named one, another name of the bridge", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const before = await host.snapshot();
      const named = { ...config, uplink: "eth0", bridge: "lan0" };
      const a = await lab.add({ config: named });
      expect(await masterOf(lab, "eth0")).toBe("lan0");
      await lab.done("DEL", a);
      // Another definition in its place: the old switch makes room.
      const b = await lab.add({ config });
      expect(await masterOf(lab, "eth0")).toBe(bridge);
      expect(await host.exec(host.ns, "ip", "-o", "link", "show", "type", "bridge")).not.toContain("lan0");
      await lab.done("DEL", b);
      await lab.done("GC", empty);
      expect(await host.changes(before)).toBe("");
    });

    it("takes a VLAN of the uplink and leaves the host on the uplink itself", async ({ skip }) => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const tried = await host.run(host.outside, [
        "ip",
        "link",
        "add",
        "link",
        "eth0",
        "name",
        "v5",
        "type",
        "vlan",
        "id",
        "5",
      ]);
      skip(tried.exitCode !== 0, "the kernel has no 8021q");
      await host.exec(host.outside, "sh", "-ec", "ip link set v5 up; ip address add 198.51.100.2/24 dev v5");
      const before = await host.snapshot();
      const tagged = { ...config, vlan: 5, ipam: { subnet: "198.51.100.0/24", gateway: "198.51.100.2" } };
      const a = await lab.add({ config: tagged });
      expect(await masterOf(lab, "eth0")).toBe(undefined);
      expect(await host.answersPing(a.ns, "198.51.100.2")).toBe(true);
      expect(await host.answersPing(host.ns, uplink.outside4)).toBe(true);
      await lab.done("DEL", a);
      await lab.done("GC", { config: { ...tagged, ...none } });
      expect(await host.changes(before)).toBe("");
    });

    it("leaves a bridge that was there as it was, with its ports, addresses and settings", async () => {
      await using lab = await createLanLab({ config });
      const { host } = lab;
      const script = `ip link add br0 mtu 1400 type bridge ageing_time 12345 mcast_snooping 0
        ip link set br0 up; ip address add 10.99.0.1/24 dev br0
        ip link add tap0 type veth peer name tap1; ip link set tap0 up master br0; ip link set tap1 up`;
      await host.exec(host.ns, "sh", "-ec", script);
      const before = await host.snapshot();
      const own = secondLan({ switch: "bridge", bridge: "br0" });
      const a = await lab.add({ config: own });
      const b = await lab.add({ config: own });
      expect(a.result.interfaces[0]?.name).toBe("br0");
      expect(await host.answersPing(a.ns, b.ip4)).toBe(true);
      expect((await lab.check(a)).stdout).toBe("");
      await lab.done("DEL", a);
      await lab.done("DEL", b);
      await lab.done("GC", { config: { ...own, ...none } });
      expect(await host.changes(before)).toBe("");
      await host.exec(host.ns, "ip", "link", "set", "br0", "type", "bridge", "stp_state", "1");
      await lab.done("DEL", await lab.add({ config: own }));
      expect(
        await lab.refused("ADD", { id: "x", netns: a.ns.path, config: { ...own, uplink: "eth0" } }),
      ).toMatchObject({ code: 108 });
    });
  },
);
