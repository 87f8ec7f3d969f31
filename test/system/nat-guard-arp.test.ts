import { describe, expect, it } from "vitest";
import { whyNoNat } from "./nat-lab.ts";
import { arp } from "./packets.ts";
import { laySiege, type Parties, strangerMac } from "./siege.ts";
import { type Bytes, ETH, ethernet, tagged } from "./wire.ts";

const reason = whyNoNat();
const everybody = "ff:ff:ff:ff:ff:ff";
const nobody = "0.0.0.0";

interface Claim {
  readonly operation: "request" | "reply";
  readonly from: string;
  readonly to: string;
  readonly senderMac?: string;
  readonly senderIp: string;
  readonly targetIp: string;
}

function claim({ from, to, senderMac = from, ...rest }: Claim): Bytes {
  const targetMac = to === everybody ? "00:00:00:00:00:00" : to;
  return ethernet({ to, from, type: ETH.arp }, arp({ ...rest, senderMac, targetMac }));
}

type Attack = (parties: Parties) => Bytes;

const gatewayToVictim: Attack = ({ attacker, victim, gateway }) =>
  claim({
    operation: "reply",
    from: attacker.mac,
    to: victim.mac,
    senderIp: gateway.ip4,
    targetIp: victim.ip4,
  });

const attacks: Readonly<Record<string, Attack>> = {
  "the gateway's address, by a reply to the victim": gatewayToVictim,
  "the victim's address, by a reply to the host": ({ attacker, victim, gateway }) =>
    claim({
      operation: "reply",
      from: attacker.mac,
      to: gateway.mac,
      senderIp: victim.ip4,
      targetIp: gateway.ip4,
    }),
  "the gateway's address, by a request to the victim": ({ attacker, victim, gateway }) =>
    claim({
      operation: "request",
      from: attacker.mac,
      to: victim.mac,
      senderIp: gateway.ip4,
      targetIp: victim.ip4,
    }),
  "the gateway's address, by a gratuitous request": ({ attacker, gateway: { ip4 } }) =>
    claim({ operation: "request", from: attacker.mac, to: everybody, senderIp: ip4, targetIp: ip4 }),
  "the victim's address, by a gratuitous reply": ({ attacker, victim: { ip4 } }) =>
    claim({ operation: "reply", from: attacker.mac, to: everybody, senderIp: ip4, targetIp: ip4 }),
  "the victim's address, by a probe": ({ attacker, victim }) =>
    claim({
      operation: "request",
      from: attacker.mac,
      to: everybody,
      senderIp: nobody,
      targetIp: victim.ip4,
    }),
  "its own address at another MAC than the frame's": ({ attacker, victim }) =>
    claim({
      operation: "reply",
      from: attacker.mac,
      to: victim.mac,
      senderMac: strangerMac,
      senderIp: attacker.ip4,
      targetIp: victim.ip4,
    }),
  "the gateway's address, in a frame of the gateway's MAC": ({ attacker, victim, gateway }) =>
    claim({
      operation: "reply",
      from: gateway.mac,
      to: victim.mac,
      senderMac: attacker.mac,
      senderIp: gateway.ip4,
      targetIp: victim.ip4,
    }),
  "the gateway's address, behind a tag of a VLAN": (parties) => tagged(gatewayToVictim(parties), 7),
  "the gateway's address, behind a priority tag": (parties) => tagged(gatewayToVictim(parties), 0),
  "the gateway's address, behind two priority tags": (parties) =>
    tagged(tagged(gatewayToVictim(parties), 0), 0),
  "the gateway's address, behind a priority tag and one of a service": (parties) =>
    tagged(tagged(gatewayToVictim(parties), 0, ETH.qinq), 0),
  "the gateway's address, behind three priority tags": (parties) =>
    tagged(tagged(tagged(gatewayToVictim(parties), 0), 0, ETH.qinq), 0),
};

describe.skipIf(reason !== undefined)(`ARP of an attacker${reason ? ` (${reason})` : ""}`, () => {
  it("reaches nobody where it claims what is not its own, and is counted", async () => {
    await using siege = await laySiege();
    for (const [title, attack] of Object.entries(attacks)) {
      const outcome = await siege.attempt([attack(siege)]);
      expect.soft(outcome, title).toEqual({ atVictim: [], atHost: [], spoofed: 1, service: 0 });
    }
  });

  it("would reach them without the guard: what the tests above send is no nonsense", async () => {
    await using siege = await laySiege({ guard: false });
    for (const [title, attack] of Object.entries(attacks)) {
      const { atVictim, atHost, spoofed } = await siege.attempt([attack(siege)]);
      expect([...atVictim, ...atHost].length, title).toBeGreaterThan(0);
      expect(spoofed, title).toBe(0);
    }
  });
});
