import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { createLab, dual, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const runtimeConfig = publish("5353:7400/udp");

describe.skipIf(reason !== undefined)(`a UDP flow to a published port${reason ? ` (${reason})` : ""}`, () => {
  it.each([
    ["IPv4", uplink.host4, "ip4"],
    ["IPv6", uplink.host6, "ip6"],
  ] as const)("follows the port to the next container over %s", async (_, address, of) => {
    await using lab = await createLab();
    const { host } = lab;
    const flow = { protocol: "udp", address, port: 5353, sourcePort: 41000 } as const;
    const first = await lab.add({ runtimeConfig });
    const server = await host.echo(first.ns, { protocol: "udp", address: first[of], port: 7400 });
    expect(await host.answers(host.outside, flow)).toBe(true);
    // The old server lives on, so a stale flow would still find somebody.
    await lab.done("DEL", { ...first, netns: "" });
    const second = await lab.add({ runtimeConfig });
    await host.echo(second.ns, { protocol: "udp", address: second[of], port: 7400 });
    await server.stop();
    expect(await host.ask(host.outside, flow)).toMatchObject({ fromPort: 41000 });
  });

  it("finds the container although it knocked before the port was published", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const flow = { protocol: "udp", address: uplink.host4, port: 5353, sourcePort: 41001 } as const;
    await lab.add();
    // Somebody on the host holds the port, silently: the flow is tracked as one to the host itself.
    const holder = host.start(host.ns, ["socat", "-u", "UDP4-RECV:5353", "STDOUT"]);
    await expect.poll(() => host.exec(host.ns, "ss", "-Hlun", "sport = :5353")).not.toBe("");
    expect(await host.answers(host.outside, { ...flow, timeoutMs: 300 })).toBe(false);
    await holder.stop();
    const container = await lab.add({ runtimeConfig });
    await host.echo(container.ns, { protocol: "udp", address: container.ip4, port: 7400 });
    expect(await host.answers(host.outside, flow)).toBe(true);
  });

  it("of others is not forgotten with it", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const client = await lab.add();
    const flows = () => host.exec(host.ns, "conntrack", "-L", "-p", "udp");
    // To the same port of another machine, and to another port of the host.
    for (const [address, port] of [
      [uplink.outside4, 5353],
      [uplink.outside6, 5353],
      [client.gateway4, 5454],
    ] as const) {
      const ns = address === client.gateway4 ? host.ns : host.outside;
      await host.echo(ns, { protocol: "udp", address, port });
      expect(await host.answers(client.ns, { protocol: "udp", address, port, sourcePort: 41002 })).toBe(true);
    }
    const kept = async () =>
      (await flows()).split("\n").filter((line) => line.includes("sport=41002")).length;
    const before = await kept();
    expect(before).toBeGreaterThanOrEqual(2);
    const server = await lab.add({ runtimeConfig });
    expect(await kept()).toBe(before);
    await lab.done("DEL", server);
    expect(await kept()).toBe(before);
  });

  it("ends with the container: nothing of it stays tracked", async () => {
    await using lab = await createLab();
    const { host } = lab;
    await lab.add();
    const before = await host.snapshot({ ...lab.everything, conntrack: false });
    const server = await lab.add({ config: dual, runtimeConfig });
    await host.echo(server.ns, { protocol: "udp", address: "::", port: 7400 });
    for (const address of [uplink.host4, uplink.host6])
      expect(await host.answers(host.outside, { protocol: "udp", address, port: 5353 })).toBe(true);
    await lab.done("DEL", server);
    expect(await host.changes(before, lab.everything)).toBe("");
    for (const family of ["ipv4", "ipv6"])
      expect(await host.exec(host.ns, "conntrack", "-L", "-f", family, "-p", "udp", "--dport", "5353")).toBe(
        "",
      );
  });
});
