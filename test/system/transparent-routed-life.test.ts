import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { secondLan } from "./lan-lab.ts";
import { type Attached, type NatLab, whyNoNat } from "./nat-lab.ts";
import { createRoutedLab, joinLan, macOf, routed } from "./routed-lab.ts";
import { toolOf } from "./tool.ts";

const reason = whyNoNat();
const nobody = { ...routed, "cni.dev/valid-attachments": [] };

/** What CHECK names, by what somebody did; $1 is the compartment. */
const damages = [
  ["ip neighbour delete proxy 192.0.2.100 dev eth0", "proxy 192.0.2.100 dev eth0"],
  ["ip neighbour delete proxy 2001:db8::100 dev eth0", "proxy 2001:db8::100 dev eth0"],
  ["ip route delete 192.0.2.100 dev vsw-transparent", "the host's route 192.0.2.100/32 dev vsw-transparent"],
  [
    "ip route delete 2001:db8::100 dev vsw-transparent",
    "the host's route 2001:db8::100/128 dev vsw-transparent",
  ],
  [
    "sysctl -qw net.ipv4.conf.vsw-transparent.proxy_arp=0",
    "setting net.ipv4.conf.vsw-transparent.proxy_arp=1",
  ],
  [
    "sysctl -qw net.ipv4.neigh.vsw-transparent.proxy_delay=80",
    "setting net.ipv4.neigh.vsw-transparent.proxy_delay=0",
  ],
  ["sysctl -qw net.ipv4.neigh.eth0.proxy_delay=80", "setting net.ipv4.neigh.eth0.proxy_delay=0"],
  ["sysctl -qw net.ipv6.neigh.eth0.proxy_delay=80", "setting net.ipv6.neigh.eth0.proxy_delay=0"],
  ["sysctl -qw net.ipv6.conf.all.proxy_ndp=0", "setting net.ipv6.conf.all.proxy_ndp=1"],
  ["ip -6 address flush dev vsw-transparent", "address fe80::"],
  ["ip link delete vsw-transparent", "switch vsw-transparent"],
  [
    "ip -n $1 -6 route add 2001:db8::/64 dev eth0 metric 256",
    "route 2001:db8::/64 table 254 metric 256 of eth0",
  ],
  ["ip -n $1 -6 route delete default", "route ::/0 via fe80::"],
] as const;

async function reaches({ host }: NatLab, a: Attached): Promise<boolean> {
  const pings = [
    host.answersPing(host.outside, a.ip4),
    host.answersPing(host.outside, a.ip6),
    host.answersPing(a.ns, "192.0.2.2"),
    host.answersPing(a.ns, "2001:db8::2"),
  ];
  return (await Promise.all(pings)).every(Boolean);
}

const ways = ({ host }: NatLab) =>
  host.exec(
    host.ns,
    "sh",
    "-c",
    "ip neighbour show proxy; ip route show proto 118; ip -6 route show proto 118",
  );

const settings = ({ host }: NatLab) =>
  host.exec(
    host.ns,
    "sh",
    "-c",
    "cd /proc/sys/net; grep . ipv?/neigh/eth0/proxy_delay ipv6/conf/all/proxy_ndp",
  );

describe.skipIf(reason !== undefined)(`a routed endpoint${reason ? ` (${reason})` : ""}`, () => {
  it.each(damages)("is mended after: %s", async (script, named) => {
    await using lab = await createRoutedLab();
    const { host } = lab;
    const a = await lab.add();
    await host.exec(host.ns, "sh", "-ec", script, "sh", a.ns.name);
    const found = await lab.check(a);
    expect(found.stdout).toContain(named);
    const mended = await toolOf(lab)("repair");
    expect(mended.exitCode, mended.stdout + mended.stderr).toBe(0);
    expect((await lab.check(a)).stdout).toBe("");
    expect(await reaches(lab, a)).toBe(true);
  });

  it("says that its uplink is down or gone, and is mended when that is back", async () => {
    await using lab = await createRoutedLab();
    const { host } = lab;
    const a = await lab.add();
    await host.exec(host.ns, "ip", "link", "set", "eth0", "down");
    expect((await lab.check(a)).stdout).toContain("uplink eth0, up");
    const refused = await lab.refused("ADD", { id: "b", netns: (await host.compartment("b")).path });
    expect(refused).toMatchObject({ code: 106, msg: expect.stringContaining("eth0 is down") });
    await host.exec(host.ns, "ip", "link", "set", "eth0", "name", "away");
    expect((await lab.check(a)).stdout).toContain("uplink eth0: expected present, found absent");
    expect((await toolOf(lab)("repair")).stdout).toContain("bring the interface back");
    await host.exec(host.ns, "ip", "link", "set", "away", "name", "eth0");
    await host.exec(host.ns, "ip", "link", "set", "eth0", "up");
    const back =
      "ip -6 address replace 2001:db8::1/64 dev eth0 nodad; ip -6 address replace fe80::1/64 dev eth0 nodad";
    await host.exec(
      host.ns,
      "sh",
      "-ec",
      `${back}; ip -6 route replace default via 2001:db8::2; ip route replace default via 192.0.2.2`,
    );
    await toolOf(lab)("repair");
    expect((await lab.check(a)).stdout).toBe("");
    expect(await reaches(lab, a)).toBe(true);
  });

  it("is refused an address that a machine of the LAN has, and one that another endpoint has", async () => {
    await using lab = await createRoutedLab({ dad: 2000 });
    const { host } = lab;
    const holder = await joinLan(lab, 100);
    const before = await ways(lab);
    const ns = await host.compartment("a");
    const refused = await lab.refused("ADD", { id: "a", netns: ns.path });
    const mac = await macOf(lab, holder.ns);
    expect(refused).toMatchObject({
      code: 103,
      msg: expect.stringContaining(`192.0.2.100 is in use: ${mac}`),
    });
    expect(await ways(lab)).toBe(before);
    const a = await lab.add({ id: "next" });
    const range = { subnet: "192.0.2.0/24", rangeStart: a.ip4, rangeEnd: a.ip4 };
    const config = { name: "second", switch: "routed", ipam: { ranges: [[range]] } };
    const again = await lab.refused("ADD", { id: "b", netns: ns.path, config });
    expect(again).toMatchObject({
      code: 103,
      msg: expect.stringContaining("transparent/next/eth0 of this host"),
    });
    expect(await host.answersPing(host.outside, a.ip4)).toBe(true);
  });

  it.each([
    ["IPv4", "192.0.2.100/32", ["-4"]],
    ["IPv6", "2001:db8::100/128", ["-6"]],
  ])(
    "is refused where another program has a route of %s to its address, which stays",
    async (_, to, family) => {
      await using lab = await createRoutedLab({ dad: false });
      const { host } = lab;
      await host.exec(host.ns, "ip", ...family, "route", "add", to, "dev", "eth0");
      const before = await ways(lab);
      const ns = await host.compartment("a");
      const refused = await lab.refused("ADD", { id: "a", netns: ns.path });
      expect(refused).toMatchObject({
        code: 108,
        msg: expect.stringContaining("the host has a route to"),
        details: expect.stringContaining("ip route show"),
      });
      expect(await ways(lab)).toBe(before);
    },
  );

  it("gives its address up with DEL, and takes over one that others knew elsewhere", async () => {
    await using lab = await createRoutedLab();
    const { host } = lab;
    const a = await lab.add();
    const [ns, own] = [host.outside, await macOf(lab, host.ns)];
    expect(await reaches(lab, a)).toBe(true);
    await lab.done("DEL", a);
    const machine = await joinLan(lab, 100);
    await host.exec(machine.ns, "busybox", "arping", "-U", "-c1", "-I", "eth0", machine.ip4);
    expect(await host.answersPing(ns, machine.ip4)).toBe(true);
    expect(await host.answersPing(host.ns, machine.ip4)).toBe(true);
    expect(await host.exec(ns, "ip", "neighbour", "show", machine.ip4)).toContain(
      await macOf(lab, machine.ns),
    );
    await host.answersPing(ns, machine.ip6);
    await host.exec(ns, "ip", "link", "set", "m100", "down");
    const b = await lab.add({ id: a.id, ns: a.ns, runtimeConfig: { ips: [`${a.ip4}/24`, `${a.ip6}/64`] } });
    expect([b.ip4, b.ip6]).toEqual([machine.ip4, machine.ip6]);
    for (const address of [b.ip4, b.ip6]) {
      expect(await host.exec(ns, "ip", "neighbour", "show", address)).toContain(own);
      expect(await host.answersPing(ns, address)).toBe(true);
    }
  });

  it("is removed by the marks alone when the state is lost", async () => {
    await using lab = await createRoutedLab();
    const { host } = lab;
    const [none, before] = [await ways(lab), await settings(lab)];
    const [a, b] = [await lab.add(), await lab.add()];
    rmSync(lab.dataDir, { recursive: true, force: true });
    await lab.done("DEL", a);
    expect(await ways(lab)).not.toContain(a.ip4);
    expect(await ways(lab)).not.toContain(a.ip6);
    expect(await host.answersPing(host.outside, b.ip6)).toBe(true);
    // With its compartment the port goes too, and with it the last that knew of the address.
    await host.remove(b.ns);
    rmSync(lab.dataDir, { recursive: true, force: true });
    const c = await lab.add({ id: "c" });
    expect(await reaches(lab, c)).toBe(true);
    await lab.done("DEL", c);
    rmSync(lab.dataDir, { recursive: true, force: true });
    await lab.done("GC", { config: nobody });
    expect(await ways(lab)).toBe(none);
    expect(await settings(lab)).toBe(before);
  });

  it("leaves settings that another network needs, and those that somebody else had made", async () => {
    await using lab = await createRoutedLab();
    const { host } = lab;
    await host.exec(host.ns, "sysctl", "-qw", "net.ipv6.conf.all.proxy_ndp=1");
    const before = await settings(lab);
    const a = await lab.add();
    const config = secondLan({ switch: "routed" });
    const b = await lab.add({ config });
    const during = await settings(lab);
    expect(during).not.toBe(before);
    await lab.done("DEL", a);
    await lab.done("GC", { config: nobody });
    expect(await settings(lab)).toBe(during);
    expect((await lab.check(b)).stdout).toBe("");
    await lab.done("DEL", b);
    await lab.done("GC", { config: { ...config, "cni.dev/valid-attachments": [] } });
    expect(await settings(lab)).toBe(before);
  });
});
