import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import type { Namespace } from "./namespaces.ts";
import { createLab, type NatLab, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();

/** One UDP packet in an Ethernet frame of its own: DEVICE MAC SOURCE DESTINATION PORT TEXT. */
const inject = `
import socket, struct, sys
device, mac, source, destination, port, text = sys.argv[1:7]
data = text.encode() + b"\\n"
udp = struct.pack("!HHHH", 40000, int(port), 8 + len(data), 0) + data
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0,
                 socket.inet_aton(source), socket.inet_aton(destination))
total = sum(struct.unpack("!10H", ip))
total = (total & 0xffff) + (total >> 16)
ip = ip[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xffff) + ip[12:]
frame = bytes.fromhex(mac.replace(":", "")) + b"\\x02\\0\\0\\0\\0\\x01" + b"\\x08\\0" + ip + udp
socket.socket(socket.AF_PACKET, socket.SOCK_RAW).sendto(frame, (device, 0))
`;

describe.skipIf(reason !== undefined)(`127/8 of the host${reason ? ` (${reason})` : ""}`, () => {
  async function prepare(lab: NatLab) {
    const { host } = lab;
    const server = await lab.add({ runtimeConfig: publish("8080:7300/udp") });
    const inside = host.start(server.ns, ["socat", "-u", "UDP4-RECV:7300", "STDOUT"]);
    const onHost = host.start(host.ns, ["socat", "-u", "UDP4-RECV:9999", "STDOUT"]);
    const [eth0] = JSON.parse(await host.exec(host.ns, "ip", "-j", "link", "show", "eth0"));
    const bridge = server.result.interfaces[0]?.mac ?? "";
    const send = (from: Namespace, ...words: readonly string[]) =>
      host.exec(
        from,
        "python3",
        "-c",
        inject,
        "eth0",
        from === host.outside ? eth0.address : bridge,
        ...words,
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
    const neighbour = await lab.add();
    for (const from of [host.outside, server.ns, neighbour.ns]) {
      const own = from === host.outside ? uplink.outside4 : neighbour.ip4;
      for (const source of [own, "127.0.0.1"]) {
        await send(from, source, "127.0.0.1", "9999", "stolen from the host");
        await send(from, source, "127.0.0.1", "8080", "stolen from the container");
      }
    }
    // The same frames to an address of the host arrive: it is the address that made the difference.
    await send(host.outside, uplink.outside4, uplink.host4, "9999", "last");
    await send(host.outside, uplink.outside4, uplink.host4, "8080", "last");
    await send(neighbour.ns, neighbour.ip4, server.gateway4, "9999", "last of the neighbour");
    await onHost.line((line) => line === "last", "the packet to the host");
    await onHost.line((line) => line === "last of the neighbour", "the neighbour's packet to the host");
    await inside.line((line) => line === "last", "the packet to the container");
    expect([...onHost.lines, ...inside.lines].filter((line) => line.includes("stolen"))).toEqual([]);
  });

  it("is no source address that the host believes from elsewhere", async () => {
    await using lab = await createLab();
    const { host, server, onHost, send } = await prepare(lab);
    const neighbour = await lab.add();
    for (const from of [host.outside, neighbour.ns])
      for (const address of [uplink.host4, server.gateway4])
        await send(from, "127.0.0.1", address, "9999", "spoofed");
    await send(neighbour.ns, neighbour.ip4, server.gateway4, "9999", "last");
    await onHost.line((line) => line === "last", "the honest packet");
    expect(onHost.lines).not.toContain("spoofed");
  });
});
