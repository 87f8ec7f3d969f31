import { describe, expect, it } from "vitest";
import { whyNoNat } from "./nat-lab.ts";
import { advertisement, solicitation } from "./packets.ts";
import { laySiege, type Parties } from "./siege.ts";
import { type Bytes, ETH, ethernet, inPieces, ip6, NEXT, optionsBefore, piece6, type Rest } from "./wire.ts";

const reason = whyNoNat();
const allNodes = { mac: "33:33:00:00:00:01", ip: "ff02::1" };
/** Of a kind that nobody knows (RFC 4861 4.6: to be ignored). */
const bogus = [253, 1, 1, 2, 3, 4, 5, 6];

interface Frame {
  readonly from: string;
  readonly via: string;
  readonly ends: { readonly from: string; readonly to: string };
}

const frame = ({ from, via, ends }: Frame, rest: Rest): Bytes =>
  ethernet({ to: via, from, type: ETH.ip6 }, ip6(ends, rest));

/** To the victim, from the attacker's own link-local address. */
const toVictim = ({ attacker, victim }: Parties): Frame => ({
  from: attacker.mac,
  via: victim.mac,
  ends: { from: attacker.linkLocal, to: victim.linkLocal },
});

type Attack = (parties: Parties) => readonly Bytes[];

/** "I am the gateway", with what stands before the message as `wrap` makes it. */
const claim =
  (wrap: (rest: Rest) => Rest, options: Bytes = []): Attack =>
  (parties) => {
    const way = toVictim(parties);
    const message = advertisement(way.ends, parties.gateway.ip6, parties.attacker.mac, options);
    return [frame(way, wrap(message))];
  };

const same = (rest: Rest): Rest => rest;

const attacks: Readonly<Record<string, Attack>> = {
  "an advertisement of the gateway's address": claim(same),
  "the same behind hop-by-hop options": claim((rest) => optionsBefore(NEXT.hop, rest)),
  "the same behind destination options": claim((rest) => optionsBefore(NEXT.dest, rest)),
  "the same behind many options": claim((rest) =>
    optionsBefore(
      NEXT.hop,
      Array.from({ length: 20 }).reduce<Rest>((inner) => optionsBefore(NEXT.dest, inner), rest),
    ),
  ),
  "the same behind the header of a piece that is the whole": claim((rest) =>
    piece6({ at: 0, more: false, id: 5 }, rest),
  ),
  "the same behind all of them": claim((rest) =>
    optionsBefore(NEXT.hop, piece6({ at: 0, more: false, id: 6 }, optionsBefore(NEXT.dest, rest))),
  ),
  "the same with an unknown option before the MAC": claim(same, bogus),
  "an advertisement of the victim's address to the host": ({ attacker, victim, gateway }) => {
    const ends = { from: attacker.ip6, to: gateway.ip6 };
    return [
      frame({ from: attacker.mac, via: gateway.mac, ends }, advertisement(ends, victim.ip6, attacker.mac)),
    ];
  },
  "an advertisement to all nodes": ({ attacker, gateway }) => {
    const ends = { from: attacker.linkLocal, to: allNodes.ip };
    const way = { from: attacker.mac, via: allNodes.mac, ends };
    return [frame(way, advertisement(ends, gateway.linkLocal, attacker.mac))];
  },
  "an advertisement in the gateway's name": ({ attacker, victim, gateway }) => {
    const ends = { from: gateway.linkLocal, to: victim.linkLocal };
    const way = { from: attacker.mac, via: victim.mac, ends };
    return [frame(way, advertisement(ends, gateway.linkLocal, attacker.mac))];
  },
  "a solicitation in the gateway's name": ({ attacker, victim, gateway }) => {
    const ends = { from: gateway.ip6, to: victim.ip6 };
    const way = { from: attacker.mac, via: victim.mac, ends };
    return [frame(way, solicitation(ends, victim.ip6, attacker.mac))];
  },
  "the search for duplicates of the victim's address": ({ attacker, victim }) => {
    const ends = { from: "::", to: "ff02::1:ff00:2" };
    return [frame({ from: attacker.mac, via: "33:33:ff:00:00:02", ends }, solicitation(ends, victim.ip6))];
  },
  "an advertisement from ::": ({ attacker, gateway }) => {
    const ends = { from: "::", to: allNodes.ip };
    const way = { from: attacker.mac, via: allNodes.mac, ends };
    return [frame(way, advertisement(ends, gateway.ip6, attacker.mac))];
  },
  "an advertisement of its own in a frame of the victim's MAC": ({ attacker, victim }) => {
    const ends = { from: attacker.linkLocal, to: allNodes.ip };
    const way = { from: victim.mac, via: allNodes.mac, ends };
    return [frame(way, advertisement(ends, attacker.ip6, victim.mac))];
  },
  "an advertisement that is too short to have a target": (parties) => {
    const way = toVictim(parties);
    const { next, bytes } = advertisement(way.ends, parties.gateway.ip6);
    return [frame(way, { next, bytes: bytes.slice(0, 20) })];
  },
};

/** The piece with the message's head: 24 bytes of an advertisement and the rest. */
const inTwo: Attack = (parties) => {
  const way = toVictim(parties);
  const { next, bytes } = advertisement(way.ends, parties.gateway.ip6, parties.attacker.mac);
  return inPieces(bytes, 24, 9).map(({ bytes: part, ...piece }) =>
    frame(way, piece6(piece, { next, bytes: part })),
  );
};

/** What kind of message it is stands in the second piece (forbidden by RFC 7112). */
const inTwoHeadless: Attack = (parties) => {
  const way = toVictim(parties);
  const message = advertisement(way.ends, parties.gateway.ip6, parties.attacker.mac);
  const { next, bytes } = optionsBefore(NEXT.dest, message);
  return inPieces(bytes, 8, 10).map(({ bytes: part, ...piece }) =>
    frame(way, piece6(piece, { next, bytes: part })),
  );
};

const neighbour = async ({ host, target }: Awaited<ReturnType<typeof laySiege>>, address: string) => {
  const listed = JSON.parse(await host.exec(target.ns, "ip", "-j", "neigh", "show", address)) as unknown[];
  return (listed as { lladdr?: string }[])[0]?.lladdr;
};

describe.skipIf(reason !== undefined)(
  `neighbour discovery of an attacker${reason ? ` (${reason})` : ""}`,
  () => {
    it("reaches nobody where it claims what is not its own, and is counted", async () => {
      await using siege = await laySiege();
      for (const [title, attack] of Object.entries(attacks)) {
        const frames = attack(siege);
        const outcome = await siege.attempt(frames);
        expect.soft(outcome, title).toEqual({ atVictim: [], atHost: [], spoofed: frames.length, service: 0 });
      }
    });

    it.each([
      ["behind its head", inTwo],
      ["before its head", inTwoHeadless],
    ])("cut %s changes nobody's mind", async (_, attack) => {
      await using siege = await laySiege();
      const { host, target, gateway, attacker } = siege;
      expect(await host.answersPing(target.ns, gateway.ip6)).toBe(true);
      expect(await neighbour(siege, gateway.ip6)).toBe(gateway.mac);
      await siege.attempt(attack(siege));
      expect(await neighbour(siege, gateway.ip6)).toBe(gateway.mac);
      expect(await host.answersPing(target.ns, gateway.ip6)).toBe(true);
      expect(await host.exec(target.ns, "ip", "neigh")).not.toMatch(
        new RegExp(`${gateway.ip6} .*${attacker.mac}`),
      );
    });

    it("would reach them without the guard, and be believed", async () => {
      await using siege = await laySiege({ guard: false });
      const { host, target, gateway, attacker } = siege;
      for (const [title, attack] of Object.entries(attacks)) {
        const { atVictim, atHost, spoofed } = await siege.attempt(attack(siege));
        expect([...atVictim, ...atHost].length, title).toBeGreaterThan(0);
        expect(spoofed, title).toBe(0);
      }
      await host.exec(target.ns, "ip", "neigh", "flush", "dev", "eth0");
      expect(await host.answersPing(target.ns, gateway.ip6)).toBe(true);
      await siege.attempt(claim(same)(siege));
      expect(await neighbour(siege, gateway.ip6)).toBe(attacker.mac);
    });
  },
);
