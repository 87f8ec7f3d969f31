import { describe, expect, it } from "vitest";
import { sendFrames } from "./frames.ts";
import { uplink } from "./host.ts";
import { answerAll, isDropped, passes } from "./knock.ts";
import { type Attached, createLab, dual, other, publish, whyNoNat } from "./nat-lab.ts";
import { macOf, portOf, seeBridged, switchOf } from "./siege.ts";
import { ETH, ethernet } from "./wire.ts";

const reason = whyNoNat();
const config = { ...dual, DisableInterComputeCommunication: true };
const families = [4, 6] as const;

/** The MAC of the gateway for the address of a neighbour: by this a container sends it through the host. */
const throughHost = (from: Attached, to: string) =>
  ["ip", "neigh", "replace", to, "lladdr", from.result.interfaces[0]?.mac ?? "", "dev", "eth0"] as const;

describe.skipIf(reason !== undefined)(
  `containers of a network without ways between them${reason ? ` (${reason})` : ""}`,
  () => {
    it("have the gateway and the world, and are reached from the host and from other networks that may", async () => {
      await using lab = await createLab();
      const { host } = lab;
      const [a, b] = [
        await lab.add({ config: { ...config, reachable: true } }),
        await lab.add({ config: other }),
      ];
      await answerAll(lab, host.ns, a.ns, b.ns);
      for (const family of families) {
        for (const to of [a[`gateway${family}`], uplink[`host${family}`], b[`gateway${family}`]])
          for (const protocol of ["tcp", "udp"] as const)
            await passes(lab, { from: a.ns, protocol, to, port: 80 });
        await passes(lab, { from: a.ns, protocol: "ping", to: uplink[`outside${family}`] });
        await passes(lab, { from: host.ns, protocol: "tcp", to: a[`ip${family}`], port: 80 });
        await passes(lab, { from: b.ns, protocol: "tcp", to: a[`ip${family}`], port: 80 });
      }
      expect(await lab.check(a)).toMatchObject({ exitCode: 0 });
    });

    it.each([
      ["", false],
      [", where br_netfilter is on", true],
    ] as const)("do not reach each other, whatever the frame%s", async (_, bridged) => {
      await using lab = await createLab();
      const { host } = lab;
      await seeBridged(host, bridged);
      const [a, b] = [await lab.add({ config }), await lab.add({ config })];
      await answerAll(lab, host.ns, a.ns, b.ns);
      await using atB = await host.capture(b.ns, "eth0", "-p -Q in");
      await using atHost = await host.capture(
        host.ns,
        switchOf(a),
        `-p -Q in ether src ${macOf(a)} and ether proto 0x88b5`,
      );
      const groups = [
        "ff:ff:ff:ff:ff:ff",
        "33:33:00:00:00:01",
        "01:00:5e:00:00:fb",
        "01:80:c2:00:00:00",
        macOf(b),
      ];
      const last = ethernet({ to: "ff:ff:ff:ff:ff:ff", from: macOf(a), type: 0x88b5 }, [0xee]);
      await sendFrames(a.ns, "eth0", [
        ...groups.map((to) => ethernet({ to, from: macOf(a), type: ETH.arp }, [0, 1])),
        ...groups.map((to) => ethernet({ to, from: macOf(a), type: 0x88b6 }, [1])),
        last,
      ]);
      await atHost.packet(/0x88b5/);
      // It knows the way by itself, and still there is none.
      for (const family of families) {
        const to = b[`ip${family}`];
        await host.exec(a.ns, "ip", "neigh", "replace", to, "lladdr", macOf(b), "dev", "eth0");
        await host.exec(
          a.ns,
          "sh",
          "-c",
          `echo direct | socat -u STDIN UDP${family}:${family === 4 ? to : `[${to}]`}:7910`,
        );
      }
      expect(await host.answersPing(a.ns, a.gateway4)).toBe(true);
      expect(await host.answersPing(host.ns, b.ip4)).toBe(true);
      await atB.packet(/ICMP echo request/);
      expect(atB.packets().filter((line) => line.includes(macOf(a)))).toEqual([]);
      expect(await host.exec(host.ns, "bridge", "-d", "link", "show", "dev", portOf(a))).toContain(
        "isolated on",
      );
    });

    it("do not reach each other through the gateway either", async () => {
      await using lab = await createLab();
      const { host } = lab;
      const [a, b] = [await lab.add({ config }), await lab.add({ config })];
      await answerAll(lab, host.ns, a.ns, b.ns);
      const site = { set: "dropped_between", of: b } as const;
      for (const bridged of [false, true]) {
        await seeBridged(host, bridged);
        for (const family of families) {
          const to = b[`ip${family}`];
          await host.exec(a.ns, ...throughHost(a, to));
          await host.exec(b.ns, ...throughHost(b, a[`ip${family}`]));
          for (const protocol of ["tcp", "udp"] as const)
            await isDropped(lab, { from: a.ns, protocol, to, port: 80 }, site);
          await isDropped(lab, { from: a.ns, protocol: "ping", to }, site);
        }
      }
    });

    it("reach each other's published ports, which are the host's, where br_netfilter is off", async () => {
      await using lab = await createLab();
      const { host } = lab;
      await seeBridged(host, false);
      const server = await lab.add({ config, runtimeConfig: publish("8080:7911/tcp", "8080:7911/udp") });
      const client = await lab.add({ config });
      for (const family of families)
        for (const protocol of ["tcp", "udp"] as const) {
          await host.echo(server.ns, { protocol, address: server[`ip${family}`], port: 7911 });
          for (const from of [client.ns, server.ns, host.outside, host.ns]) {
            const ask = { protocol, address: uplink[`host${family}`], port: 8080 } as const;
            expect.soft(await host.answers(from, ask), `${protocol} ${family} ${from.name}`).toBe(true);
          }
        }
    });

    it("get nothing from one that sends all the while it is attached", async () => {
      await using lab = await createLab();
      const { host } = lab;
      const victim = await lab.add({ id: "victim", config });
      const ns = await host.compartment("attacker");
      // Its MAC is the same each time, so the guard lets its frames pass.
      const first = await lab.add({ id: "attacker", ns, config });
      await lab.done("DEL", first);
      const frame = ethernet({ to: macOf(victim), from: macOf(first), type: 0x88b5 }, [1]);
      await using atVictim = await host.capture(victim.ns, "eth0", "-p -Q in");
      // As fast as a process can: a link that is up the moment it is there.
      host.start(ns, ["sh", "-c", 'yes "link set eth0 up" | ip -force -batch - 2> /dev/null']);
      const hex = Buffer.from(frame).toString("hex");
      host.start(ns, [process.execPath, `${import.meta.dirname}/flood.ts`, "eth0", hex]);
      for (let i = 0; i < 15; i++) {
        const attached = await lab.add({ id: "attacker", ns, config });
        const sent = async () =>
          Number(
            JSON.parse(await host.exec(host.ns, "ip", "-j", "-s", "link", "show", portOf(attached)))[0]
              .stats64.rx.packets,
          );
        await expect.poll(sent).toBeGreaterThan(10);
        await lab.done("DEL", attached);
      }
      expect(await host.answersPing(host.ns, victim.ip4)).toBe(true);
      await atVictim.packet(/ICMP echo request/);
      expect(atVictim.packets().filter((line) => line.includes(macOf(first)))).toEqual([]);
    });
  },
);
