import { describe, expect, it } from "vitest";
import { sendFrames } from "./frames.ts";
import { uplink } from "./host.ts";
import { answerAll, isDropped, type Knock, passes } from "./knock.ts";
import type { Namespace } from "./namespaces.ts";
import { type Attached, createLab, dual, type NatLab, other, publish, whyNoNat } from "./nat-lab.ts";
import { TCP, tcp } from "./packets.ts";
import { counted, macOf, switchOf } from "./siege.ts";
import { ETH, ethernet, ip4, NEXT } from "./wire.ts";

const reason = whyNoNat();
const families = ["ip4", "ip6"] as const;
const third = {
  name: "third",
  ipam: { ranges: [[{ subnet: "10.63.0.0/24" }], [{ subnet: "fd00:63::/64" }]] },
} as const;

/** All that a container might try on an address. */
const tries = (from: Namespace, to: string): readonly Knock[] => [
  { from, protocol: "tcp", to, port: 80 },
  { from, protocol: "udp", to, port: 80 },
  { from, protocol: "ping", to },
];

async function reaches(lab: NatLab, from: Attached, to: Attached): Promise<void> {
  for (const family of families) for (const knock of tries(from.ns, to[family])) await passes(lab, knock);
}

async function isKeptFrom(lab: NatLab, from: Attached, to: Attached): Promise<void> {
  for (const family of families)
    for (const knock of tries(from.ns, to[family]))
      await isDropped(lab, knock, { set: "dropped_between", of: to });
}

describe.skipIf(reason !== undefined)(`networks of a host${reason ? ` (${reason})` : ""}`, () => {
  it("do not reach each other, but what the host itself has in them", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const [a, b] = [await lab.add({ id: "a" }), await lab.add({ id: "b", config: other })];
    await answerAll(lab, host.ns, a.ns, b.ns);
    await isKeptFrom(lab, a, b);
    await isKeptFrom(lab, b, a);
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      for (const gateway of [to.gateway4, to.gateway6, uplink.host4, uplink.host6])
        for (const knock of tries(from.ns, gateway)) await passes(lab, knock);
    for (const { ns } of [a, b])
      for (const address of [uplink.outside4, uplink.outside6])
        expect(await host.answersPing(ns, address)).toBe(true);
  });

  it("are reached by all where they say so, and answer them", async () => {
    await using lab = await createLab();
    const a = await lab.add({ id: "a" });
    const b = await lab.add({ id: "b", config: { ...other, reachable: true } });
    const c = await lab.add({ id: "c", config: third });
    await answerAll(lab, lab.host.ns, a.ns, b.ns, c.ns);
    await reaches(lab, a, b);
    await reaches(lab, c, b);
    await isKeptFrom(lab, b, a);
    await isKeptFrom(lab, a, c);
  });

  it("are reached by those that they name, also by one that is made later", async () => {
    await using lab = await createLab();
    const b = await lab.add({ id: "b", config: { ...other, reachable: ["nat", "mine0"] } });
    const a = await lab.add({ id: "a" });
    const c = await lab.add({ id: "c", config: third });
    const d = await lab.add({
      id: "d",
      config: { name: "fourth", bridge: "mine0", ipam: { subnet: "10.64.0.0/24" } },
    });
    await answerAll(lab, lab.host.ns, a.ns, b.ns, c.ns, d.ns);
    await reaches(lab, a, b);
    for (const knock of tries(d.ns, b.ip4)) await passes(lab, knock);
    await isKeptFrom(lab, c, b);
    await isKeptFrom(lab, b, a);
    // It goes with the network that said so.
    await lab.done("DEL", b);
    await lab.done("GC", { config: { ...other, "cni.dev/valid-attachments": [] } });
    const again = await lab.add({ id: "b", config: other });
    await answerAll(lab, again.ns);
    await isKeptFrom(lab, a, again);
  });

  it("are not opened backwards by a connection that was let through", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const a = await lab.add({ id: "a" });
    const b = await lab.add({ id: "b", config: { ...other, reachable: true, ipMasq: false } });
    const plain = { ...dual, name: "plain", ipMasq: false, ipam: { subnet: "10.65.0.0/24" } };
    const p = await lab.add({ id: "p", config: plain });
    await answerAll(lab, host.ns, a.ns, b.ns, p.ns);
    // Not masqueraded, so the way back is known by its true address.
    await host.echo(b.ns, { protocol: "tcp", address: "0.0.0.0", port: 7900 });
    const ask = { protocol: "tcp", address: b.ip4, port: 7900, sourcePort: 41_900 } as const;
    expect((await host.ask(p.ns, ask)).from).toBe(p.ip4);
    for (const knock of tries(b.ns, p.ip4)) await isDropped(lab, knock, { set: "dropped_between", of: p });
    await isDropped(
      lab,
      { from: b.ns, protocol: "tcp", to: p.ip4, port: 41_900, sourcePort: 7901 },
      { set: "dropped_between", of: p },
    );
  });

  it("keep their published ports open to all, by every address of the host", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const runtimeConfig = publish("8080:7902/tcp", "8080:7902/udp");
    const b = await lab.add({
      id: "b",
      config: { ...other, DisableInterComputeCommunication: true },
      runtimeConfig,
    });
    const a = await lab.add({ id: "a" });
    for (const protocol of ["tcp", "udp"] as const) {
      await host.echo(b.ns, { protocol, address: "0.0.0.0", port: 7902 });
      await host.echo(b.ns, { protocol, address: b.ip6, port: 7902 });
      const hosts = [uplink.host4, uplink.host6, a.gateway4, a.gateway6, b.gateway4, b.gateway6];
      for (const address of hosts)
        expect
          .soft(await host.answers(a.ns, { protocol, address, port: 8080 }), `${protocol} ${address}`)
          .toBe(true);
      expect(await host.answers(host.outside, { protocol, address: uplink.host4, port: 8080 })).toBe(true);
    }
    await answerAll(lab, a.ns, b.ns);
    await isKeptFrom(lab, a, b);
  });

  it("are not reached by a packet that names the gateway's MAC and another source", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const [a, b] = [
      await lab.add({ id: "a", config: { ...dual, guard: false } }),
      await lab.add({ id: "b", config: other }),
    ];
    await using atB = await host.capture(b.ns, "eth0", "-p -Q in tcp");
    const gateway = a.result.interfaces[0]?.mac ?? "";
    const before = await counted(lab, ["inet", "dropped_between"], switchOf(b));
    const sources = [a.ip4, b.gateway4, b.ip4, uplink.outside4, "10.62.0.77"];
    const flags = [TCP.syn, TCP.ack, TCP.syn | TCP.ack, TCP.rst];
    const frames = sources.flatMap((from) =>
      flags.map((flag) => {
        const ends = { from, to: b.ip4 };
        const segment = tcp(ends, { source: 4000, destination: 80 }, flag);
        return ethernet(
          { to: gateway, from: macOf(a), type: ETH.ip },
          ip4({ ...ends, protocol: NEXT.tcp }, segment),
        );
      }),
    );
    await sendFrames(a.ns, "eth0", frames);
    await host.run(host.ns, ["socat", "-u", "/dev/null", `TCP4:${b.ip4}:81`]);
    await atB.packet(/\.81: Flags \[S\]/);
    expect(atB.packets().filter((line) => line.includes(".80: "))).toEqual([]);
    // What bears an address of the host itself falls to the routing before.
    expect(await counted(lab, ["inet", "dropped_between"], switchOf(b))).toBeGreaterThanOrEqual(
      before + 3 * flags.length,
    );
  });
});
