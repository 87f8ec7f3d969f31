import { describe, expect, it } from "vitest";
import { sendFrame, udpFrame } from "./frames.ts";
import { uplink } from "./host.ts";
import type { Namespace } from "./namespaces.ts";
import { createLab, dual, type NatLab, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
/** So that nothing but what these tests are about stands in the way. */
const config = { ...dual, guard: false };

describe.skipIf(reason !== undefined)(`127/8 of the host${reason ? ` (${reason})` : ""}`, () => {
  async function prepare(lab: NatLab) {
    const { host } = lab;
    const server = await lab.add({ config, runtimeConfig: publish("8080:7300/udp") });
    const inside = host.start(server.ns, ["socat", "-u", "UDP4-RECV:7300", "STDOUT"]);
    const onHost = host.start(host.ns, ["socat", "-u", "UDP4-RECV:9999", "STDOUT"]);
    const [eth0] = JSON.parse(await host.exec(host.ns, "ip", "-j", "link", "show", "eth0"));
    const bridge = server.result.interfaces[0]?.mac ?? "";
    const send = (from: Namespace, own: string, address: string, port: number, text: string) =>
      sendFrame(
        from,
        "eth0",
        udpFrame({ to: from === host.outside ? eth0.address : bridge, from: own, address, port, text }),
      );
    const listening = async (ns: Namespace, port: number) =>
      (await host.exec(ns, "ss", "-Hlun", `sport = :${port}`)) !== "";
    await expect.poll(() => listening(server.ns, 7300)).toBe(true);
    await expect.poll(() => listening(host.ns, 9999)).toBe(true);
    return { host, server, inside, onHost, send };
  }

  it("is reached by nobody else, neither its own ports nor a published one", async () => {
    await using lab = await createLab();
    const { host, server, inside, onHost, send } = await prepare(lab);
    const neighbour = await lab.add({ config });
    for (const from of [host.outside, server.ns, neighbour.ns]) {
      const own = from === host.outside ? uplink.outside4 : neighbour.ip4;
      for (const source of [own, "127.0.0.1"]) {
        await send(from, source, "127.0.0.1", 9999, "stolen from the host");
        await send(from, source, "127.0.0.1", 8080, "stolen from the container");
      }
    }
    // The same frames to an address of the host arrive: it is the address that made the difference.
    await send(host.outside, uplink.outside4, uplink.host4, 9999, "last");
    await send(host.outside, uplink.outside4, uplink.host4, 8080, "last");
    await send(neighbour.ns, neighbour.ip4, server.gateway4, 9999, "last of the neighbour");
    await onHost.line((line) => line === "last", "the packet to the host");
    await onHost.line((line) => line === "last of the neighbour", "the neighbour's packet to the host");
    await inside.line((line) => line === "last", "the packet to the container");
    expect([...onHost.lines, ...inside.lines].filter((line) => line.includes("stolen"))).toEqual([]);
  });

  it("is no source address that the host believes from elsewhere", async () => {
    await using lab = await createLab();
    const { host, server, onHost, send } = await prepare(lab);
    const neighbour = await lab.add({ config });
    for (const from of [host.outside, neighbour.ns])
      for (const address of [uplink.host4, server.gateway4])
        await send(from, "127.0.0.1", address, 9999, "spoofed");
    await send(neighbour.ns, neighbour.ip4, server.gateway4, 9999, "last");
    await onHost.line((line) => line === "last", "the honest packet");
    expect(onHost.lines).not.toContain("spoofed");
  });
});
