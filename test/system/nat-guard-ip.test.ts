import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { whyNoNat } from "./nat-lab.ts";
import { icmp6, solicitation, TCP, tcp, udp } from "./packets.ts";
import { laySiege, type Parties, strangerMac } from "./siege.ts";
import {
  type Bytes,
  ETH,
  ethernet,
  inPieces,
  ip4,
  ip6,
  NEXT,
  piece6,
  type Rest,
  tagged,
  textOf,
} from "./wire.ts";

const reason = whyNoNat();
const data = textOf("from somebody else");
const ports = { source: 4000, destination: 4001 };

type Attack = (parties: Parties) => readonly Bytes[];

interface Way {
  readonly mac?: string;
  readonly source: string;
  readonly via: string;
  readonly to: string;
}

function udp4({ mac, source, via, to }: Way, from: string): Bytes {
  const ends = { from: source, to };
  const packet = ip4({ ...ends, protocol: NEXT.udp }, udp(ends, ports, data));
  return ethernet({ to: via, from: mac ?? from, type: ETH.ip }, packet);
}

function udp6({ mac, source, via, to }: Way, from: string): Bytes {
  const ends = { from: source, to };
  const rest = { next: NEXT.udp, bytes: udp(ends, ports, data) };
  return ethernet({ to: via, from: mac ?? from, type: ETH.ip6 }, ip6(ends, rest));
}

const packet6 = (from: string, to: string, via: string, mac: string, rest: Rest): Bytes =>
  ethernet({ to: via, from: mac, type: ETH.ip6 }, ip6({ from, to }, rest));

const attacks: Readonly<Record<string, Attack>> = {
  "IPv4 from the gateway to the victim": ({ attacker, victim, gateway }) => [
    udp4({ source: gateway.ip4, via: victim.mac, to: victim.ip4 }, attacker.mac),
  ],
  "IPv4 from the victim to a machine beyond": ({ attacker, victim, gateway }) => [
    udp4({ source: victim.ip4, via: gateway.mac, to: uplink.outside4 }, attacker.mac),
  ],
  "IPv4 from a machine beyond to the victim": ({ attacker, victim }) => [
    udp4({ source: uplink.outside4, via: victim.mac, to: victim.ip4 }, attacker.mac),
  ],
  "IPv4 from its own address to everybody, with the MAC of the victim": ({ attacker, victim }) => [
    udp4({ mac: victim.mac, source: attacker.ip4, via: "ff:ff:ff:ff:ff:ff", to: "10.61.0.255" }, ""),
  ],
  "IPv4 from its own address, with the MAC of nobody": ({ attacker, victim }) => [
    udp4({ mac: strangerMac, source: attacker.ip4, via: victim.mac, to: victim.ip4 }, ""),
  ],
  "IPv4 with MAC and address of the victim": ({ victim, gateway }) => [
    udp4({ mac: victim.mac, source: victim.ip4, via: gateway.mac, to: uplink.outside4 }, ""),
  ],
  "IPv4 from 127.0.0.1": ({ attacker, gateway }) => [
    udp4({ source: "127.0.0.1", via: gateway.mac, to: gateway.ip4 }, attacker.mac),
  ],
  "IPv4 from 0.0.0.0 to a port that is no DHCP server's": ({ attacker, gateway }) => [
    udp4({ source: "0.0.0.0", via: gateway.mac, to: gateway.ip4 }, attacker.mac),
  ],
  "IPv4 from a group": ({ attacker, victim }) => [
    udp4({ source: "224.0.0.5", via: victim.mac, to: victim.ip4 }, attacker.mac),
  ],
  "IPv4 from everybody": ({ attacker, victim }) => [
    udp4({ source: "255.255.255.255", via: victim.mac, to: victim.ip4 }, attacker.mac),
  ],
  "TCP that opens a connection in the victim's name": ({ attacker, victim, gateway }) => {
    const ends = { from: victim.ip4, to: gateway.ip4 };
    const packet = ip4({ ...ends, protocol: NEXT.tcp }, tcp(ends, ports, TCP.syn));
    return [ethernet({ to: gateway.mac, from: attacker.mac, type: ETH.ip }, packet)];
  },
  "IPv4 in pieces": ({ attacker, victim, gateway }) => {
    const ends = { from: gateway.ip4, to: victim.ip4 };
    const whole = udp(
      ends,
      ports,
      Array.from({ length: 100 }, () => 0),
    );
    return inPieces(whole, 64, 77).map(({ bytes, ...piece }) =>
      ethernet(
        { to: victim.mac, from: attacker.mac, type: ETH.ip },
        ip4({ ...ends, protocol: NEXT.udp, piece }, bytes),
      ),
    );
  },
  "IPv4 behind a tag of a VLAN": ({ attacker, victim, gateway }) => [
    tagged(udp4({ source: gateway.ip4, via: victim.mac, to: victim.ip4 }, attacker.mac), 7),
  ],
  "IPv4 behind a tag of a service": ({ attacker, victim, gateway }) => [
    tagged(udp4({ source: gateway.ip4, via: victim.mac, to: victim.ip4 }, attacker.mac), 7, ETH.qinq),
  ],
  "IPv4 behind two priority tags": ({ attacker, victim, gateway }) => [
    tagged(tagged(udp4({ source: gateway.ip4, via: victim.mac, to: victim.ip4 }, attacker.mac), 0), 0),
  ],
  "IPv4 in a frame of 802.3 (SNAP, RFC 1042)": ({ attacker, victim, gateway }) => {
    const ends = { from: gateway.ip4, to: victim.ip4 };
    const packet = ip4({ ...ends, protocol: NEXT.udp }, udp(ends, ports, data));
    const snap = [0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00, ...packet];
    return [ethernet({ to: victim.mac, from: attacker.mac, type: snap.length }, snap)];
  },
  "IPv6 from the gateway to the victim": ({ attacker, victim, gateway }) => [
    udp6({ source: gateway.ip6, via: victim.mac, to: victim.ip6 }, attacker.mac),
  ],
  "IPv6 from the gateway's link-local address": ({ attacker, victim, gateway }) => [
    udp6({ source: gateway.linkLocal, via: victim.mac, to: victim.linkLocal }, attacker.mac),
  ],
  "IPv6 from the victim to a machine beyond": ({ attacker, victim, gateway }) => [
    udp6({ source: victim.ip6, via: gateway.mac, to: uplink.outside6 }, attacker.mac),
  ],
  "IPv6 with MAC and address of the victim": ({ victim, gateway }) => [
    udp6({ mac: victim.mac, source: victim.ip6, via: gateway.mac, to: uplink.outside6 }, ""),
  ],
  "IPv6 from another address of its own prefix": ({ attacker, victim }) => [
    udp6({ source: "fd00:61::bad", via: victim.mac, to: victim.ip6 }, attacker.mac),
  ],
  "IPv6 from a group": ({ attacker, victim }) => [
    udp6({ source: "ff02::1", via: victim.mac, to: victim.ip6 }, attacker.mac),
  ],
  "IPv6 from ::1": ({ attacker, gateway }) => [
    udp6({ source: "::1", via: gateway.mac, to: gateway.ip6 }, attacker.mac),
  ],
  "IPv6 from the victim's IPv4 address in IPv6's clothes": ({ attacker, victim }) => [
    udp6({ source: `::ffff:${victim.ip4}`, via: victim.mac, to: victim.ip6 }, attacker.mac),
  ],
  "UDP from :: to a group": ({ attacker }) => [
    udp6({ source: "::", via: "33:33:00:00:00:01", to: "ff02::1" }, attacker.mac),
  ],
  "an echo request from ::": ({ attacker }) => {
    const ends = { from: "::", to: "ff02::1" };
    return [
      packet6(ends.from, ends.to, "33:33:00:00:00:01", attacker.mac, icmp6(ends, 128, 0, [0, 1, 0, 1])),
    ];
  },
  "IPv6 from the gateway in pieces": ({ attacker, victim, gateway }) => {
    const ends = { from: gateway.ip6, to: victim.ip6 };
    const whole = udp(
      ends,
      ports,
      Array.from({ length: 100 }, () => 0),
    );
    return inPieces(whole, 64, 78).map(({ bytes, ...piece }) =>
      packet6(ends.from, ends.to, victim.mac, attacker.mac, piece6(piece, { next: NEXT.udp, bytes })),
    );
  },
  "IPv6 behind two priority tags": ({ attacker, victim, gateway }) => [
    tagged(tagged(udp6({ source: gateway.ip6, via: victim.mac, to: victim.ip6 }, attacker.mac), 0), 0),
  ],
  "a solicitation in the victim's name": ({ attacker, victim, gateway }) => {
    const ends = { from: victim.ip6, to: gateway.ip6 };
    const rest = solicitation(ends, gateway.ip6, attacker.mac);
    return [packet6(ends.from, ends.to, gateway.mac, attacker.mac, rest)];
  },
};

describe.skipIf(reason !== undefined)(`packets of an attacker${reason ? ` (${reason})` : ""}`, () => {
  it("reach nobody where they come from what is not its own, and are counted", async () => {
    await using siege = await laySiege();
    for (const [title, attack] of Object.entries(attacks)) {
      const frames = attack(siege);
      const outcome = await siege.attempt(frames);
      expect.soft(outcome, title).toEqual({ atVictim: [], atHost: [], spoofed: frames.length, service: 0 });
    }
  });

  it("would reach them without the guard: what the tests above send is no nonsense", async () => {
    await using siege = await laySiege({ guard: false });
    for (const [title, attack] of Object.entries(attacks)) {
      const { atVictim, atHost, spoofed } = await siege.attempt(attack(siege));
      expect([...atVictim, ...atHost].length, title).toBeGreaterThan(0);
      expect(spoofed, title).toBe(0);
    }
  });
});
