import { describe, expect, it } from "vitest";
import { acl, between, complaint, complaints, datagram, segment } from "./acl-scene.ts";
import type { Lane } from "./lane.ts";
import { createLab, dual, type NatLab, whyNoNat } from "./nat-lab.ts";
import { TCP, udp } from "./packets.ts";
import { macOf } from "./siege.ts";
import { type Bytes, ETH, ethernet, inPieces, ip4, ip6, NEXT, piece6 } from "./wire.ts";

const reason = whyNoNat();
const nothing: readonly string[] = [];
const families = [{ family: 4 }, { family: 6 }] as const;
const ofFamily = "over IPv$family";

/** How long ACLs still know a flow of the box to port 7000, by its own port. */
async function secondsLeft({ host }: NatLab, family: 4 | 6, port: number): Promise<number> {
  const listed = await host.exec(host.ns, "nft", "list", "set", "bridge", "vswitch", `flows${family}`);
  const [, text = ""] = new RegExp(`${port} \\. 7000[^,}]* expires (\\w+)`).exec(listed) ?? [];
  const units = { h: 3600, m: 60, s: 1 } as const;
  const parts = [...text.matchAll(/(\d+)([hms])(?!s)/g)];
  expect(parts, listed).not.toEqual([]);
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units], 0);
}

function expectWithin(value: number, least: number, most: number): void {
  expect(value).toBeGreaterThanOrEqual(least);
  expect(value).toBeLessThanOrEqual(most);
}

describe.skipIf(reason !== undefined)(`ACLs know a flow${reason ? ` (${reason})` : ""}`, () => {
  it.each(families)(`by both ends and both ports (${ofFamily})`, async ({ family }) => {
    await using lab = await createLab();
    const { out, back, dropped } = await between(lab, {
      policies: [acl("Allow", "Out", { Protocols: "17" })],
    });
    expect(await back.send(datagram(back, family, 7000, 41_000))).toEqual(nothing);
    expect(await dropped("in")).toBe(1);
    expect(await out.send(datagram(out, family, 41_000, 7000))).toHaveLength(1);
    const others = [
      datagram(back, family, 7001, 41_000),
      datagram(back, family, 7000, 41_001),
      segment(back, family, 7000, 41_000, TCP.ack),
    ];
    expect(await back.send(...others)).toEqual(nothing);
    expect(await dropped("in")).toBe(others.length);
    expect(await back.send(datagram(back, family, 7000, 41_000))).toHaveLength(1);
  });

  it.each(families)(`and judge anew who opens a connection in it (${ofFamily})`, async ({ family }) => {
    await using lab = await createLab();
    const { out, back, dropped } = await between(lab, {
      policies: [acl("Allow", "Out", { Protocols: "6" })],
    });
    expect(await out.send(segment(out, family, 41_000, 7000, TCP.syn))).toHaveLength(1);
    expect(await back.send(segment(back, family, 7000, 41_000, TCP.syn | TCP.ack))).toHaveLength(1);
    expect(await back.send(segment(back, family, 7000, 41_000, TCP.syn))).toEqual(nothing);
    expect(await back.send(segment(back, family, 7000, 41_000, TCP.syn | TCP.push))).toEqual(nothing);
    expect(await dropped("in")).toBe(2);
    expect(await back.send(segment(back, family, 7000, 41_000, TCP.ack))).toHaveLength(1);
    // Nor after its end.
    expect(await back.send(segment(back, family, 7000, 41_000, TCP.rst))).toHaveLength(1);
    expect(await back.send(segment(back, family, 7000, 41_000, TCP.syn))).toEqual(nothing);
  });

  it.each(families)(
    `for as long as both ends may speak, and not long after (${ofFamily})`,
    async ({ family }) => {
      await using lab = await createLab();
      const { out, back } = await between(lab, { policies: [acl("Allow", "Out", { Protocols: "6" })] });
      const send = (flags: number, port = 41_000) => out.send(segment(out, family, port, 7000, flags));
      const left = (port = 41_000) => secondsLeft(lab, family, port);
      await send(TCP.syn);
      expectWithin(await left(), 200, 240);
      await back.send(segment(back, family, 7000, 41_000, TCP.syn | TCP.ack));
      expectWithin(await left(), 200, 240);
      await send(TCP.ack);
      expectWithin(await left(), 7000, 7450);
      await send(TCP.fin | TCP.ack);
      expectWithin(await left(), 20, 60);
      // The last answer is one to that.
      await back.send(segment(back, family, 7000, 41_000, TCP.ack));
      expectWithin(await left(), 20, 60);
      await send(TCP.syn, 41_001);
      await send(TCP.ack, 41_001);
      expectWithin(await left(41_001), 7000, 7450);
      await back.send(segment(back, family, 7000, 41_001, TCP.rst));
      expectWithin(await left(41_001), 20, 60);
    },
  );

  it.each(families)(
    `and errors about it, both ways, and about no other (${ofFamily})`,
    async ({ family }) => {
      await using lab = await createLab();
      const policies = [
        acl("Allow", "Out", { Protocols: "17", RemotePorts: "7000" }),
        acl("Allow", "In", { Protocols: "17", LocalPorts: "8000" }),
      ];
      const { out, back, dropped } = await between(lab, { policies });
      await out.send(datagram(out, family, 41_000, 7000));
      await back.send(datagram(back, family, 42_000, 8000));
      const [box, peer] = [out.from[`ip${family}`], out.to[`ip${family}`]];
      const sent = { from: box, to: peer, source: 41_000, destination: 7000 };
      const received = { from: peer, to: box, source: 42_000, destination: 8000 };
      await dropped("in");
      await dropped("out");
      for (const what of complaints) {
        expect(await back.send(complaint(back, family, what, sent)), what).toHaveLength(1);
        expect(await out.send(complaint(out, family, what, received)), what).toHaveLength(1);
        const forged = [
          { ...sent, source: 41_001 },
          { ...sent, destination: 7001 },
          { ...sent, to: family === 4 ? "192.0.2.2" : "2001:db8::2" },
          received,
        ];
        expect(await back.send(...forged.map((one) => complaint(back, family, what, one))), what).toEqual(
          nothing,
        );
        const forgedOut = [{ ...received, source: 42_001 }, { ...received, destination: 8001 }, sent];
        expect(await out.send(...forgedOut.map((one) => complaint(out, family, what, one))), what).toEqual(
          nothing,
        );
        expect(await dropped("in"), what).toBe(forged.length);
        expect(await dropped("out"), what).toBe(forgedOut.length);
      }
    },
  );

  const openings = [
    { family: 4, what: "a port", open: { LocalPorts: "8000" } },
    { family: 6, what: "a port", open: { LocalPorts: "8000" } },
    { family: 4, what: "the protocol", open: {} },
    { family: 6, what: "the protocol", open: {} },
  ] as const;
  it.each(openings)("and no piece without its first, where $what is open (over IPv$family)", async (one) => {
    const { family, open } = one;
    await using lab = await createLab();
    const policies = [
      acl("Block", "In", { Protocols: "6" }),
      acl("Allow", "In", { Protocols: "17", ...open }),
      // Of another remote address, so that the ACLs of both look at addresses as well.
      acl("Block", "In", { Protocols: "17", RemoteAddresses: "192.0.2.7,2001:db8::7", Priority: 1 }),
    ];
    const { out, back, dropped } = await between(lab, { policies });
    const pieces = (lane: Lane, source: number, destination: number): readonly Bytes[] => {
      const ends = { from: lane.from[`ip${family}`], to: lane.to[`ip${family}`] };
      const whole = udp(
        ends,
        { source, destination },
        Array.from({ length: 2000 }, () => 7),
      );
      return inPieces(whole, 1000, destination).map(({ bytes, ...piece }) =>
        family === 4
          ? ethernet(
              { to: lane.to.mac, from: lane.from.mac, type: ETH.ip },
              ip4({ ...ends, protocol: NEXT.udp, piece }, bytes),
            )
          : ethernet(
              { to: lane.to.mac, from: lane.from.mac, type: ETH.ip6 },
              ip6(ends, piece6(piece, { next: NEXT.udp, bytes })),
            ),
      );
    };
    // Of a packet that may not come in; then the later ones of one that might, alone.
    const closed = "LocalPorts" in open ? pieces(back, 42_000, 8001) : [];
    expect(await back.send(...closed)).toEqual(nothing);
    expect(await back.send(...pieces(back, 42_000, 8000).slice(1))).toEqual(nothing);
    expect(await dropped("in")).toBe(closed.length + 2);
    expect(await back.send(...pieces(back, 42_000, 8000))).toHaveLength(3);
    // The flow is known, and its answer may come in pieces.
    expect(await out.send(...pieces(out, 8000, 42_000))).toHaveLength(3);
    expect(await dropped("out")).toBe(0);
  });

  it("and leave ARP and neighbour discovery alone, whatever else they block", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const peer = await lab.add({ id: "peer" });
    const box = await lab.add({ id: "box", config: { ...dual, defaultAction: "Block" } });
    for (const [ns, to, mac] of [
      [peer.ns, box.ip4, macOf(box)],
      [peer.ns, box.ip6, macOf(box)],
      [box.ns, peer.ip4, macOf(peer)],
      [box.ns, peer.ip6, macOf(peer)],
    ] as const) {
      await host.exec(ns, "ip", "neigh", "flush", "dev", "eth0");
      await using _ = host.start(ns, ["busybox", "ping", "-c", "1", "-W", "5", to]);
      await expect.poll(() => host.exec(ns, "ip", "neigh", "show", to)).toContain(mac);
    }
  });
});
