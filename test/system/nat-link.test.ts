import { describe, expect, it } from "vitest";
import { routerAdvertisement, sendFrame } from "./frames.ts";
import { uplink } from "./host.ts";
import { type Attached, createLab, dual, type NatLab, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const v4only = { ipam: { subnet: "10.61.0.0/24" } };
const v6only = { ipam: { subnet: "fd00:61::/64" } };

async function sysctl(lab: NatLab, key: string, value?: string): Promise<string> {
  const word = value === undefined ? key : `${key}=${value}`;
  return (await lab.host.exec(lab.host.ns, "sysctl", value === undefined ? "-n" : "-w", word)).trim();
}

/** Milliseconds until the gateway answers the container's very first packet. */
async function firstAnswerMs(lab: NatLab, { ns }: Attached, address: string): Promise<number> {
  const { stdout } = await lab.host.run(ns, ["busybox", "ping", "-c1", "-W3", address]);
  return Number(/time=([\d.]+) ms/.exec(stdout)?.[1] ?? Number.POSITIVE_INFINITY);
}

describe.skipIf(reason !== undefined)(`links of a nat network${reason ? ` (${reason})` : ""}`, () => {
  it("have their carrier and no tentative address when ADD returns, the first of a host too", async () => {
    await using lab = await createLab();
    const { host } = lab;
    for (let i = 0; i < 3; i++) {
      const container = await lab.add();
      const inside = await host.exec(container.ns, "ip", "-d", "address", "show", "eth0");
      expect(inside).toContain("state UP");
      expect(inside).toContain(`${container.ip6}/64`);
      const global = inside.split("\n").filter((line) => line.includes("scope global"));
      expect(global.join()).not.toMatch(/tentative|dadfailed/);
      for (const { name, sandbox } of container.result.interfaces) {
        if (sandbox !== undefined) continue;
        expect(await host.exec(host.ns, "ip", "address", "show", name)).toMatch(/state UP/);
      }
    }
  });

  it.each([
    ["IPv4", "gateway4"],
    ["IPv6", "gateway6"],
  ] as const)("carry the very first %s packet of the first container at once", async (_, gateway) => {
    await using lab = await createLab();
    const first = await lab.add();
    expect(await firstAnswerMs(lab, first, first[gateway])).toBeLessThan(500);
    const second = await lab.add();
    expect(await firstAnswerMs(lab, second, second[gateway])).toBeLessThan(500);
  });

  it("announce new addresses by gratuitous ARP and unsolicited neighbour advertisement", async () => {
    await using lab = await createLab();
    const first = await lab.add();
    const bridge = first.result.interfaces[0]?.name ?? "";
    await using capture = await lab.host.capture(lab.host.ns, bridge, "arp or icmp6");
    const second = await lab.add();
    const mac = second.result.interfaces[2]?.mac ?? "no MAC";
    expect(
      await capture.packet(
        new RegExp(`${mac} > ff:ff:ff:ff:ff:ff.*who-has ${second.ip4} .*tell ${second.ip4}`),
      ),
    ).toBeDefined();
    expect(
      await capture.packet(
        new RegExp(`${mac} > 33:33:00:00:00:01.*${second.ip6} > ff02::1: .*advertisement`),
      ),
    ).toBeDefined();
  });

  it("do not let a container become the router of its host", async () => {
    await using lab = await createLab();
    const { host } = lab;
    // A host that accepts advertisements wherever nobody says otherwise.
    await sysctl(lab, "net.ipv6.conf.default.accept_ra", "2");
    await sysctl(lab, "net.ipv6.conf.all.accept_ra", "2");
    const evil = await lab.add({ config: { ...dual, guard: false } });
    const victim = await lab.add();
    const before = await host.snapshot();
    await using capture = await host.capture(victim.ns, "eth0", "icmp6");
    await sendFrame(evil.ns, "eth0", routerAdvertisement("fe80::bad", "2001:db8:bad::"));
    await capture.packet(/router advertisement/);
    expect(await host.answersPing(host.ns, victim.ip6)).toBe(true);
    expect(await host.changes(before)).toBe("");
    const addresses = await host.exec(host.ns, "ip", "-6", "address");
    expect(addresses).not.toContain("2001:db8:bad:");
  });

  it.each([
    { title: "IPv4 alone", config: v4only, wanted: ["1", "0"] },
    { title: "IPv6 alone", config: v6only, wanted: ["0", "1"] },
    { title: "both families", config: dual, wanted: ["1", "1"] },
  ])("switch forwarding on only for the families in use: $title", async ({ config, wanted }) => {
    await using lab = await createLab();
    await lab.add({ config });
    const values = [
      await sysctl(lab, "net.ipv4.ip_forward"),
      await sysctl(lab, "net.ipv6.conf.all.forwarding"),
    ];
    expect(values).toEqual(wanted);
  });

  it("keep a default route that the host learnt from an advertisement", async () => {
    await using lab = await createLab();
    const { host } = lab;
    await host.exec(host.ns, "ip", "-6", "route", "del", "default");
    await sysctl(lab, "net.ipv6.conf.eth0.accept_ra", "1");
    await using capture = await host.capture(host.ns, "eth0", "icmp6");
    const advertise = () => sendFrame(host.outside, "eth0", routerAdvertisement("fe80::2", "2001:db8:bad::"));
    await advertise();
    await capture.packet(/router advertisement/);
    const learnt = () => host.exec(host.ns, "ip", "-6", "route", "show", "default", "proto", "ra");
    expect(await learnt()).toContain("fe80::2");
    const container = await lab.add();
    expect(await sysctl(lab, "net.ipv6.conf.all.forwarding")).toBe("1");
    expect(await sysctl(lab, "net.ipv6.conf.eth0.accept_ra")).toBe("2");
    expect(await learnt()).toContain("fe80::2");
    // And goes on learning: a route that is lost comes back with the next advertisement.
    await host.exec(host.ns, "ip", "-6", "route", "del", "default");
    const seen = capture.packets().length;
    await advertise();
    await expect.poll(() => capture.packets().length).toBeGreaterThan(seen);
    expect(await learnt()).toContain("fe80::2");
    expect(await host.answersPing(container.ns, uplink.outside6)).toBe(true);
  });

  it("leave IPv6 alone in a container of an IPv4 network, and enable it where the runtime turned it off", async () => {
    await using lab = await createLab();
    const { host } = lab;
    for (const [config, wanted] of [
      [v4only, "1"],
      [dual, "0"],
    ] as const) {
      const ns = await host.compartment();
      await host.exec(ns, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1");
      await host.exec(ns, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1");
      const name = wanted === "1" ? "four" : "both";
      const ipam = wanted === "1" ? { subnet: "10.63.0.0/24" } : config.ipam;
      await lab.add({ ns, config: { name, ipam } });
      const value = await host.exec(ns, "sysctl", "-n", "net.ipv6.conf.eth0.disable_ipv6");
      expect(value.trim()).toBe(wanted);
    }
  });
});
