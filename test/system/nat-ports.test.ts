import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { createLab, other, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const [hostPort, containerPort] = [8080, 7200];

describe.skipIf(reason !== undefined)(`a published port${reason ? ` (${reason})` : ""}`, () => {
  it.each(["tcp", "udp"] as const)("is reached by %s from everywhere", async (protocol) => {
    await using lab = await createLab();
    const { host } = lab;
    const runtimeConfig = publish(`${hostPort}:${containerPort}/${protocol}`);
    const server = await lab.add({ id: "server", runtimeConfig });
    const [near, far] = [await lab.add(), await lab.add({ config: other })];
    await host.echo(server.ns, { protocol, address: server.ip4, port: containerPort });
    await host.echo(server.ns, { protocol, address: server.ip6, port: containerPort });
    const seen = async (from: typeof host.ns, address: string) =>
      (await host.ask(from, { protocol, address, port: hostPort })).from;
    // A machine beyond is seen as what it is.
    expect(await seen(host.outside, uplink.host4)).toBe(uplink.outside4);
    expect(await seen(host.outside, uplink.host6)).toBe(uplink.outside6);
    // What leaves another network is masqueraded; neighbours and the container itself must come back through the host.
    for (const from of [far.ns, near.ns, server.ns]) {
      expect(await seen(from, uplink.host4)).toBe(server.gateway4);
      expect(await seen(from, uplink.host6)).toBe(server.gateway6);
      expect(await seen(from, server.gateway4)).toBe(server.gateway4);
    }
    expect(await seen(host.ns, "127.0.0.1")).toBe(server.gateway4);
    expect(await seen(host.ns, "127.1.2.3")).toBe(server.gateway4);
    expect(await seen(host.ns, uplink.host4)).toBe(uplink.host4);
    expect(await seen(host.ns, uplink.host6)).toBe(uplink.host6);
  });

  it("is refused at once on ::1, which the kernel cannot forward", async () => {
    await using lab = await createLab();
    const { host } = lab;
    await lab.add({ runtimeConfig: publish(`${hostPort}:${containerPort}/tcp`) });
    const started = performance.now();
    const asked = host.ask(host.ns, { protocol: "tcp", address: "::1", port: hostPort, timeoutMs: 5_000 });
    await expect(asked).rejects.toThrow(/ECONNREFUSED|refused|Failed to connect/i);
    expect(performance.now() - started).toBeLessThan(2_500);
    // What the host itself serves there stays reachable.
    await host.echo(host.ns, { protocol: "tcp", address: "::1", port: hostPort });
    expect(await host.ask(host.ns, { protocol: "tcp", address: "::1", port: hostPort })).toMatchObject({
      from: "::1",
    });
  });

  it("on one address of the host is reached there and nowhere else", async () => {
    await using lab = await createLab();
    const { host } = lab;
    await host.exec(host.ns, "ip", "address", "add", "192.0.2.11/24", "dev", "eth0");
    const ports = ["192.0.2.11:8080:7201/tcp", "127.0.0.1:8081:7201/tcp", "[2001:db8::1]:8082:7201/tcp"];
    const server = await lab.add({ runtimeConfig: publish(...ports) });
    await host.echo(server.ns, { protocol: "tcp", address: "::", port: 7201 });
    const answers = (from: typeof host.ns, address: string, port: number) =>
      host.answers(from, { protocol: "tcp", address, port, timeoutMs: 700 });
    expect(await answers(host.outside, "192.0.2.11", 8080)).toBe(true);
    expect(await answers(host.outside, uplink.host4, 8080)).toBe(false);
    expect(await answers(host.ns, "127.0.0.1", 8080)).toBe(false);
    expect(await answers(host.ns, "127.0.0.1", 8081)).toBe(true);
    expect(await answers(host.outside, uplink.host4, 8081)).toBe(false);
    expect(await answers(host.outside, uplink.host6, 8082)).toBe(true);
    expect(await answers(host.outside, uplink.host4, 8082)).toBe(false);
    // Another container may have the same port on another address.
    const second = await lab.add({ runtimeConfig: publish(`${uplink.host4}:8080:7202/tcp`) });
    await host.echo(second.ns, { protocol: "tcp", address: "0.0.0.0", port: 7202 });
    expect(await answers(host.outside, uplink.host4, 8080)).toBe(true);
  });

  it("on 0.0.0.0 is one of IPv4 alone, on :: and on no address it is one of both families", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const ports = ["0.0.0.0:8080:7203/tcp", "[::]:8081:7203/tcp", "8082:7203/tcp"];
    const server = await lab.add({ runtimeConfig: publish(...ports) });
    await host.echo(server.ns, { protocol: "tcp", address: "::", port: 7203 });
    const answers = async (port: number) => {
      const ask = (address: string) =>
        host.answers(host.outside, { protocol: "tcp", address, port, timeoutMs: 700 });
      return [await ask(uplink.host4), await ask(uplink.host6)];
    };
    expect(await answers(8080)).toEqual([true, false]);
    expect(await answers(8081)).toEqual([true, true]);
    expect(await answers(8082)).toEqual([true, true]);
  });

  it("captures its protocol alone, and no traffic to the same port of another machine", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const server = await lab.add({ runtimeConfig: publish("8080:7204/tcp") });
    const client = await lab.add();
    await host.echo(host.ns, { protocol: "udp", address: uplink.host4, port: 8080 });
    await host.echo(host.outside, { protocol: "tcp", address: "::", port: 8080 });
    // What somebody sends; not what the kernels say among themselves about groups and neighbours.
    const traffic = "tcp or udp or icmp or (ip6 proto 58 and ip6[40] == 128)";
    await using capture = await host.capture(server.ns, "eth0", traffic);
    expect(await host.answers(host.outside, { protocol: "udp", address: uplink.host4, port: 8080 })).toBe(
      true,
    );
    expect(await host.answersPing(host.outside, uplink.host4)).toBe(true);
    for (const from of [client.ns, host.ns])
      for (const address of [uplink.outside4, uplink.outside6])
        expect(await host.answers(from, { protocol: "tcp", address, port: 8080 })).toBe(true);
    // The server itself may use that port of another machine as well.
    expect(await host.answers(server.ns, { protocol: "tcp", address: uplink.outside4, port: 8080 })).toBe(
      true,
    );
    const strangers = capture.packets().filter((line) => !line.includes(`${server.ip4}.`));
    expect(strangers).toEqual([]);
  });

  it("of SCTP is an element of the map, like the others", async () => {
    await using lab = await createLab();
    const runtimeConfig = publish("132:7205/sctp", "192.0.2.1:133:7206/sctp");
    const server = await lab.add({ runtimeConfig });
    const map = (name: string) => lab.host.exec(lab.host.ns, "nft", "list", "map", "inet", "vswitch", name);
    expect(await map("published4_any")).toContain(`sctp . 132`);
    expect(await map("published4_any")).toMatch(new RegExp(`: ${server.ip4} . 7205`));
    expect(await map("published6_any")).toMatch(new RegExp(`: ${server.ip6} . 7205`));
    expect(await map("published4")).toMatch(/192\.0\.2\.1 \. sctp \. 133/);
    expect(await lab.check(server)).toMatchObject({ exitCode: 0 });
    await lab.done("DEL", server);
    expect(await map("published4_any")).not.toContain("sctp . 132");
  });
});
