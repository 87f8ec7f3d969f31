import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { createLab, dual, other, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
/** Each test has a host of its own, and mostly waits. */
const atOnce = { concurrent: true };
const families = [
  { family: "IPv4", of: "ip4", gateway: "gateway4", outside: uplink.outside4, host: uplink.host4 },
  { family: "IPv6", of: "ip6", gateway: "gateway6", outside: uplink.outside6, host: uplink.host6 },
] as const;

describe.skipIf(reason)(`packets of a nat network${reason ? ` (${reason})` : ""}`, atOnce, () => {
  it.each(families)(
    "flow over $family to another container, the host and a machine beyond",
    async (family) => {
      await using lab = await createLab();
      const { host } = lab;
      const [a, b] = [await lab.add(), await lab.add()];
      const port = 7000;
      await host.echo(b.ns, { protocol: "tcp", address: b[family.of], port });
      await host.echo(host.ns, { protocol: "tcp", address: a[family.gateway], port });
      await host.echo(host.outside, { protocol: "tcp", address: family.outside, port });
      const seen = async (address: string) => (await host.ask(a.ns, { protocol: "tcp", address, port })).from;
      expect(await seen(b[family.of])).toBe(a[family.of]);
      expect(await seen(a[family.gateway])).toBe(a[family.of]);
      // The machine beyond knows no way to the container: it must see the host.
      expect(await seen(family.outside)).toBe(family.host);
      expect(await host.answersPing(a.ns, family.outside)).toBe(true);
      expect(await host.answersPing(host.ns, a[family.of])).toBe(true);
      // From the host the container sees the gateway, not a masqueraded address.
      const answer = await host.ask(host.ns, { protocol: "tcp", address: b[family.of], port });
      expect(answer.from).toBe(a[family.gateway]);
    },
  );

  it("keep their source towards the exceptions of the outbound NAT", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const config = { ...dual, exceptions: [`${uplink.outside4}/32`, "2001:db8::2/128"] };
    const container = await lab.add({ config });
    await host.exec(host.outside, "ip", "address", "add", "192.0.2.9/24", "dev", "eth0");
    await host.exec(host.outside, "ip", "route", "add", `${container.ip4}/32`, "via", uplink.host4);
    await host.exec(host.outside, "ip", "route", "add", `${container.ip6}/128`, "via", uplink.host6);
    const seen = async (address: string) => {
      const target = { protocol: "udp", address, port: 7001 } as const;
      await host.echo(host.outside, target);
      return (await host.ask(container.ns, target)).from;
    };
    expect(await seen(uplink.outside4)).toBe(container.ip4);
    expect(await seen(uplink.outside6)).toBe(container.ip6);
    expect(await seen("192.0.2.9")).toBe(uplink.host4);
  });

  it("keep their source everywhere when ipMasq is false", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const container = await lab.add({ config: { ...dual, ipMasq: false } });
    await host.exec(host.outside, "ip", "route", "add", `${container.ip4}/32`, "via", uplink.host4);
    await host.exec(host.outside, "ip", "route", "add", `${container.ip6}/128`, "via", uplink.host6);
    for (const [address, own] of [
      [uplink.outside4, container.ip4],
      [uplink.outside6, container.ip6],
    ] as const) {
      const target = { protocol: "tcp", address, port: 7002 } as const;
      await host.echo(host.outside, target);
      expect((await host.ask(container.ns, target)).from).toBe(own);
    }
  });

  it("go from one nat network of the host to another that lets them, masqueraded by its gateway", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const a = await lab.add();
    const b = await lab.add({ config: { ...other, reachable: true } });
    expect(b.result.interfaces[0]?.name).not.toBe(a.result.interfaces[0]?.name);
    for (const [address, gateway] of [
      [b.ip4, b.gateway4],
      [b.ip6, b.gateway6],
    ] as const) {
      const target = { protocol: "tcp", address, port: 7003 } as const;
      await host.echo(b.ns, target);
      expect((await host.ask(a.ns, target)).from).toBe(gateway);
    }
    expect(await host.answersPing(b.ns, uplink.outside4)).toBe(true);
    // That is one way: nobody said that it reaches the first.
    for (const address of [a.ip4, a.ip6]) expect(await host.answersPing(b.ns, address)).toBe(false);
  });

  it("do not go from one nat network of the host to another, unless by a published port", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const a = await lab.add({ runtimeConfig: publish("8081:7003/tcp") });
    const b = await lab.add({ config: other });
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      for (const address of [to.ip4, to.ip6]) {
        expect(await host.answersPing(from.ns, address)).toBe(false);
        const target = { protocol: "udp", address, port: 7004 } as const;
        await host.echo(to.ns, target);
        expect(await host.answers(from.ns, { ...target, timeoutMs: 300 })).toBe(false);
      }
    }
    await host.echo(a.ns, { protocol: "tcp", address: "::", port: 7003 });
    for (const address of [uplink.host4, uplink.host6])
      expect(await host.answers(b.ns, { protocol: "tcp", address, port: 8081 })).toBe(true);
    // Each has its own gateway and the world.
    for (const one of [a, b]) {
      for (const address of [one.gateway4, one.gateway6, uplink.outside4, uplink.outside6])
        expect(await host.answersPing(one.ns, address)).toBe(true);
    }
  });

  it("go to another network by the name of a network that it lets reach it, and from no third one", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const a = await lab.add();
    const b = await lab.add({ config: { ...other, reachable: ["nat"] } });
    const c = await lab.add({ config: { name: "third", ipam: { subnet: "10.63.0.0/24" } } });
    expect(await host.answersPing(a.ns, b.ip4)).toBe(true);
    expect(await host.answersPing(c.ns, b.ip4)).toBe(false);
  });

  it.each([
    { title: "the uplink's by default", mtu: undefined, wanted: 1400 },
    { title: "the configured one", mtu: 1320, wanted: 1320 },
  ])("have the MTU $title, on both ends and on the switch", async ({ mtu, wanted }) => {
    await using lab = await createLab({ mtu: 1400 });
    const { host } = lab;
    const container = await lab.add({ config: { ...dual, ...(mtu === undefined ? {} : { mtu }) } });
    expect(container.result.interfaces.map((link) => link.mtu)).toEqual([wanted, wanted, wanted]);
    for (const { name, sandbox } of container.result.interfaces) {
      const where = sandbox === undefined ? host.ns : container.ns;
      const [link] = JSON.parse(await host.exec(where, "ip", "-j", "link", "show", name));
      expect(link.mtu, name).toBe(wanted);
    }
    const ping = (bytes: number) =>
      host.run(container.ns, ["busybox", "ping", "-c1", "-W2", "-s", String(bytes), uplink.outside4]);
    // 20 bytes of IP header and 8 of ICMP.
    expect((await ping(wanted - 28)).exitCode).toBe(0);
  });
});
