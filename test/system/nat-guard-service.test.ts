import { describe, expect, it } from "vitest";
import { whyNoNat } from "./nat-lab.ts";
import { redirect, routerAdvertisement, udp } from "./packets.ts";
import { laySiege, type Parties, type Siege } from "./siege.ts";
import {
  type Bytes,
  ETH,
  ethernet,
  inPieces,
  ip4,
  ip6,
  NEXT,
  optionsBefore,
  piece6,
  type Rest,
} from "./wire.ts";

const reason = whyNoNat();
const allNodes = { mac: "33:33:00:00:00:01", ip: "ff02::1" };
const everybody = { mac: "ff:ff:ff:ff:ff:ff", ip: "255.255.255.255" };
const prefix = "2001:db8:bad::";
const zeros = (length: number): Bytes => Array.from({ length }, () => 0);

interface Attack {
  readonly frames: (parties: Parties) => readonly Bytes[];
  /** How many of the frames are pieces that say nothing without the first. Default 0. */
  readonly rest?: number;
}

/** To all nodes, from an address that is the sender's. */
const advertise =
  (wrap: (rest: Rest) => readonly Rest[]): Attack["frames"] =>
  ({ attacker }) => {
    const ends = { from: attacker.linkLocal, to: allNodes.ip };
    return wrap(routerAdvertisement(ends, prefix)).map((rest) =>
      ethernet({ to: allNodes.mac, from: attacker.mac, type: ETH.ip6 }, ip6(ends, rest)),
    );
  };

const cut = (size: number, { next, bytes }: Rest): readonly Rest[] =>
  inPieces(bytes, size, 11).map(({ bytes: part, ...piece }) => piece6(piece, { next, bytes: part }));

/** BOOTREPLY (RFC 2131) as far as it matters. */
const offer = [2, 1, 6, 0, ...zeros(296)];

function answer4({ attacker }: Parties, pieces: number): readonly Bytes[] {
  const ends = { from: attacker.ip4, to: everybody.ip };
  const whole = udp(ends, { source: 67, destination: 68 }, offer);
  return inPieces(whole, pieces, 12).map(({ bytes, ...piece }) =>
    ethernet(
      { to: everybody.mac, from: attacker.mac, type: ETH.ip },
      ip4({ ...ends, protocol: NEXT.udp, piece }, bytes),
    ),
  );
}

/** ADVERTISE (RFC 8415). */
function answer6({ attacker, victim }: Parties, wrap: (rest: Rest) => readonly Rest[]): readonly Bytes[] {
  const ends = { from: attacker.linkLocal, to: victim.linkLocal };
  const bytes = udp(ends, { source: 547, destination: 546 }, [2, 1, 2, 3, ...zeros(100)]);
  return wrap({ next: NEXT.udp, bytes }).map((rest) =>
    ethernet({ to: victim.mac, from: attacker.mac, type: ETH.ip6 }, ip6(ends, rest)),
  );
}

const attacks: Readonly<Record<string, Attack>> = {
  "a router advertisement": { frames: advertise((rest) => [rest]) },
  "a router advertisement behind hop-by-hop options": {
    frames: advertise((rest) => [optionsBefore(NEXT.hop, rest)]),
  },
  "a router advertisement behind destination options": {
    frames: advertise((rest) => [optionsBefore(NEXT.dest, optionsBefore(NEXT.dest, rest))]),
  },
  "a router advertisement that calls itself a piece": {
    frames: advertise((rest) => [piece6({ at: 0, more: false, id: 3 }, rest)]),
  },
  "a router advertisement in pieces": { frames: advertise((rest) => cut(24, rest)), rest: 1 },
  "a router advertisement in pieces behind options": {
    frames: advertise((rest) => cut(24, optionsBefore(NEXT.dest, rest))),
    rest: 2,
  },
  "a redirect of the victim to itself": {
    frames: ({ attacker, victim }) => {
      const ends = { from: attacker.linkLocal, to: victim.ip6 };
      const rest = redirect(ends, attacker.linkLocal, "2001:db8::2");
      return [ethernet({ to: victim.mac, from: attacker.mac, type: ETH.ip6 }, ip6(ends, rest))];
    },
  },
  "the answer of a DHCP server": { frames: (parties) => answer4(parties, 1024) },
  "the answer of a DHCP server in pieces": { frames: (parties) => answer4(parties, 8), rest: 38 },
  "the answer of a DHCPv6 server": { frames: (parties) => answer6(parties, (rest) => [rest]) },
  "the answer of a DHCPv6 server behind options": {
    frames: (parties) => answer6(parties, (rest) => [optionsBefore(NEXT.hop, rest)]),
  },
  "the answer of a DHCPv6 server in pieces": {
    frames: (parties) => answer6(parties, (rest) => cut(8, rest)),
    rest: 13,
  },
};

const routes = ({ host, target }: Siege) => host.exec(target.ns, "ip", "-6", "route");

describe.skipIf(reason !== undefined)(`services of an attacker${reason ? ` (${reason})` : ""}`, () => {
  it("reach nobody, and are counted", async () => {
    await using siege = await laySiege();
    const before = await routes(siege);
    for (const [title, { frames, rest = 0 }] of Object.entries(attacks)) {
      const all = frames(siege);
      const { atVictim, spoofed, service } = await siege.attempt(all);
      expect({ arrived: atVictim.length, spoofed, service }, title).toEqual({
        arrived: rest,
        spoofed: 0,
        service: all.length - rest,
      });
      expect(await routes(siege), title).toBe(before);
    }
  });

  it("would reach them without the guard: the victim has a network of the attacker's making then", async () => {
    await using siege = await laySiege({ guard: false });
    for (const [title, { frames }] of Object.entries(attacks)) {
      const all = frames(siege);
      const { atVictim, spoofed, service } = await siege.attempt(all);
      expect(atVictim.length, title).toBeGreaterThanOrEqual(all.length);
      expect({ spoofed, service }, title).toEqual({ spoofed: 0, service: 0 });
    }
    expect(await routes(siege)).toContain(`${prefix}/64 dev eth0`);
  });

  it("are their own business where they are allowed to be a router", async () => {
    await using siege = await laySiege({ guard: { allow: ["router"] } });
    for (const [title, { frames }] of Object.entries(attacks)) {
      const all = frames(siege);
      const { atVictim, spoofed } = await siege.attempt(all);
      const allowed = /router|redirect/.test(title);
      if (allowed) expect(atVictim.length, title).toBeGreaterThanOrEqual(all.length);
      else expect(atVictim.length, title).toBeLessThan(all.length);
      expect(spoofed, title).toBe(0);
    }
    expect(await routes(siege)).toContain(`${prefix}/64 dev eth0`);
  });

  it("are their own business where they are allowed to be a DHCP server", async () => {
    await using siege = await laySiege({ guard: { allow: ["dhcp-server"] } });
    const before = await routes(siege);
    for (const [title, { frames }] of Object.entries(attacks)) {
      const all = frames(siege);
      const { atVictim, spoofed } = await siege.attempt(all);
      const allowed = title.includes("DHCP");
      if (allowed) expect(atVictim.length, title).toBeGreaterThanOrEqual(all.length);
      else expect(atVictim.length, title).toBeLessThan(all.length);
      expect(spoofed, title).toBe(0);
    }
    expect(await routes(siege)).toBe(before);
  });
});
