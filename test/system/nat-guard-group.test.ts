import { describe, expect, it } from "vitest";
import { sendFrames } from "./frames.ts";
import { uplink } from "./host.ts";
import { publish, whyNoNat } from "./nat-lab.ts";
import { arp, icmp, routerAdvertisement, udp } from "./packets.ts";
import { counted, laySiege, type Party, packetsIn, portOf, type Siege } from "./siege.ts";
import { type Bytes, ETH, ethernet, ip4, ip6, NEXT, textOf } from "./wire.ts";

const reason = whyNoNat();

/** IEEE 802.1Q 8.6.3: what a bridge keeps to itself. 01:80:c2:00:00:01 (pause) the kernel drops. */
const groups = Array.from({ length: 16 }, (_, i) => `01:80:c2:00:00:0${i.toString(16)}`);
const only4 = { ipam: { ranges: [[{ subnet: "10.61.0.0/24" }]] } };
const port = 5151;

function udpTo(group: string, mac: string, from: string, to: string, text: string): Bytes {
  const ends = { from, to };
  const payload = udp(ends, { source: 5150, destination: port }, textOf(`${text}\n`));
  return ethernet({ to: group, from: mac, type: ETH.ip }, ip4({ ...ends, protocol: NEXT.udp }, payload));
}

function advertise(group: string, { mac, linkLocal }: Party): Bytes {
  const ends = { from: linkLocal, to: "ff02::1" };
  return ethernet(
    { to: group, from: mac, type: ETH.ip6 },
    ip6(ends, routerAdvertisement(ends, "2001:db8:bad::")),
  );
}

/** Where the switch believes a MAC to be. */
async function whereabouts({ host }: Siege, mac: string): Promise<readonly string[]> {
  const listed = JSON.parse(await host.exec(host.ns, "bridge", "-j", "fdb", "show")) as {
    mac: string;
    ifname: string;
    master?: string;
  }[];
  return listed.filter((one) => one.mac === mac && one.master !== undefined).map(({ ifname }) => ifname);
}

describe.skipIf(reason !== undefined)(
  `frames to the groups of bridges${reason ? ` (${reason})` : ""}`,
  () => {
    it("teach the switch no MAC: what is for the victim goes on to the victim", async () => {
      await using siege = await laySiege();
      const { host, target, victim, gateway } = siege;
      expect(await host.answersPing(host.ns, victim.ip4)).toBe(true);
      const frames = groups.map((group) => udpTo(group, victim.mac, victim.ip4, gateway.ip4, "here"));
      const { atVictim } = await siege.attempt(frames);
      expect(atVictim.filter((line) => line.includes("5151"))).toEqual([]);
      expect(await whereabouts(siege, victim.mac)).toEqual([portOf(target)]);
      expect(await host.answersPing(host.ns, victim.ip4)).toBe(true);
    });

    it("say nothing to the host in anybody's name, nor past what the sender may send", async () => {
      await using siege = await laySiege();
      const { lab, host, from, victim, attacker, gateway } = siege;
      const server = host.start(host.ns, ["socat", "-u", `UDP4-RECV:${port}`, "STDOUT"]);
      await expect.poll(() => host.exec(host.ns, "ss", "-Hlun", `sport = :${port}`)).not.toBe("");
      await using answers = await host.capture(
        host.ns,
        "vsw-nat",
        `-p -Q out icmp or (arp and arp[6:2] == 2)`,
      );
      const before = (await packetsIn(lab, "dropped_spoofed", from)) + (await astray(siege));
      const frames = groups.flatMap((group) => {
        const ends = { from: victim.ip4, to: gateway.ip4 };
        const echo = ip4({ ...ends, protocol: NEXT.icmp }, icmp(8, 0, [0, 1, 0, 1]));
        return [
          udpTo(group, victim.mac, victim.ip4, gateway.ip4, "spoofed"),
          udpTo(group, attacker.mac, "127.0.0.1", gateway.ip4, "loopback"),
          ethernet({ to: group, from: attacker.mac, type: ETH.ip }, echo),
        ];
      });
      await siege.attempt(frames);
      await siege.attempt([udpTo(gateway.mac, attacker.mac, attacker.ip4, gateway.ip4, "honest")]);
      await server.line((line) => line === "honest", "the honest packet");
      expect(server.lines).toEqual(["honest"]);
      expect(answers.packets()).toEqual([]);
      const counted = (await packetsIn(lab, "dropped_spoofed", from)) + (await astray(siege)) - before;
      // The first is forwarded and guarded as any other. Pause frames and what comes from 127.0.0.1 do not even come so far.
      expect(counted).toBe(3 + 2 * (groups.length - 2));
    });

    it("do not reach a published port or another network", async () => {
      await using siege = await laySiege();
      const { lab, host, attacker } = siege;
      const web = await lab.add({ id: "web", runtimeConfig: publish(`8081:${port}/udp`) });
      const far = await lab.add({ id: "far", config: { name: "other", ipam: { subnet: "10.62.0.0/24" } } });
      await using atWeb = await host.capture(web.ns, "eth0", "-p -Q in udp");
      await using atFar = await host.capture(far.ns, "eth0", "-p -Q in udp");
      // The first is forwarded to all ports of the switch, as any group.
      const frames = groups
        .slice(1)
        .flatMap((group) => [
          udpTo(group, attacker.mac, attacker.ip4, far.ip4, "between"),
          udpTo(group, attacker.mac, attacker.ip4, web.ip4, "routed"),
          udpTo(group, attacker.mac, attacker.ip4, uplink.outside4, "out"),
        ]);
      await siege.attempt(frames);
      for (const [capture, to] of [
        [atWeb, web],
        [atFar, far],
      ] as const) {
        const honest = { protocol: "udp", address: to.ip4, port: 5199, timeoutMs: 1 } as const;
        await host.answers(host.ns, honest);
        await capture.packet(/\.5199: UDP/);
        expect(capture.packets().filter((line) => line.includes(`.${port}: UDP`))).toEqual([]);
      }
    });

    it.each([
      ["with a guard", {}],
      ["without one", { guard: false }],
    ] as const)(
      "give a host that does not forward IPv6 neither router nor address, %s",
      async (_, config) => {
        await using siege = await laySiege(config, only4);
        const { host, attacker } = siege;
        expect((await host.exec(host.ns, "sysctl", "-n", "net.ipv6.conf.all.forwarding")).trim()).toBe("0");
        const state = async () => [
          await host.exec(host.ns, "ip", "-6", "route"),
          await host.exec(host.ns, "ip", "-6", "-o", "address"),
        ];
        const before = await state();
        await siege.attempt([...groups, "33:33:00:00:00:01"].map((group) => advertise(group, attacker)));
        expect(await state()).toEqual(before);
      },
    );

    it("pass no ACL either, where there is no guard", async () => {
      const policies = [{ Type: "ACL", Settings: { Action: "Block", Direction: "Out", Protocols: "17" } }];
      await using siege = await laySiege({ guard: false, defaultAction: "Allow", policies });
      const { lab, host, from, attacker, gateway } = siege;
      const server = host.start(host.ns, ["socat", "-u", `UDP4-RECV:${port}`, "STDOUT"]);
      await expect.poll(() => host.exec(host.ns, "ss", "-Hlun", `sport = :${port}`)).not.toBe("");
      const frames = [...groups, gateway.mac].map((group) =>
        udpTo(group, attacker.mac, attacker.ip4, gateway.ip4, "blocked"),
      );
      await sendFrames(from.ns, "eth0", frames);
      await host.exec(host.ns, "sh", "-c", `echo last | socat -u STDIN UDP4-SENDTO:${gateway.ip4}:${port}`);
      await server.line((line) => line === "last", "the host's own packet");
      expect(server.lines).toEqual(["last"]);
      expect(await astray(siege)).toBe(groups.length - 2);
      expect(await packetsIn(lab, "dropped_acl_out", from)).toBe(2);
    });

    it("change nothing of what the host knows of its neighbours", async () => {
      await using siege = await laySiege();
      const { host, attacker, victim, gateway } = siege;
      expect(await host.answersPing(host.ns, victim.ip4)).toBe(true);
      const claim = (group: string) =>
        ethernet(
          { to: group, from: attacker.mac, type: ETH.arp },
          arp({
            operation: "reply",
            senderMac: attacker.mac,
            senderIp: victim.ip4,
            targetMac: gateway.mac,
            targetIp: gateway.ip4,
          }),
        );
      await siege.attempt(groups.map(claim));
      const known = await host.exec(host.ns, "ip", "neigh", "show", victim.ip4, "dev", "vsw-nat");
      expect(known).toContain(victim.mac);
      expect(await host.answersPing(host.ns, victim.ip4)).toBe(true);
    });
  },
);

/** What the host itself dropped of what came from a port past its switch. */
const astray = ({ lab, from }: Siege): Promise<number> =>
  counted(lab, ["inet", "dropped_astray"], portOf(from));
