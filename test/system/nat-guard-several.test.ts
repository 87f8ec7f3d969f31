import { describe, expect, it } from "vitest";
import { sendFrames } from "./frames.ts";
import { createLab, whyNoNat } from "./nat-lab.ts";
import { arp, udp } from "./packets.ts";
import { dropsOf, macOf, seeBridged } from "./siege.ts";
import { type Bytes, ETH, ethernet, ip4, NEXT } from "./wire.ts";

const reason = whyNoNat();

function datagram(fromMac: string, from: string, toMac: string, to: string, port: number): Bytes {
  const ends = { from, to };
  const payload = udp(ends, { source: 4000, destination: port }, [1]);
  return ethernet({ to: toMac, from: fromMac, type: ETH.ip }, ip4({ ...ends, protocol: NEXT.udp }, payload));
}

function claim(mac: string, address: string): Bytes {
  const everybody = "ff:ff:ff:ff:ff:ff";
  const whole = arp({ operation: "request", senderMac: mac, senderIp: address, targetIp: address });
  return ethernet({ to: everybody, from: mac, type: ETH.arp }, whole);
}

describe.skipIf(reason !== undefined)(
  `the guard of a container with several addresses${reason ? ` (${reason})` : ""}`,
  () => {
    it("lets it send from each of an endpoint's, and from no other", async () => {
      await using lab = await createLab();
      const { host } = lab;
      await seeBridged(host, false);
      const config = {
        ipam: {
          ranges: [[{ subnet: "10.61.0.0/24" }], [{ subnet: "10.71.0.0/24" }], [{ subnet: "fd00:61::/64" }]],
        },
      };
      const [box, peer] = [await lab.add({ config }), await lab.add({ config })];
      const own = (attached: typeof box) =>
        attached.result.ips.map(({ address }) => address.split("/")[0] ?? "");
      expect(own(box)).toHaveLength(3);
      // Both ways, each address with its like: the answer comes from the one that was called.
      for (const [i, address] of own(peer).entries()) {
        const target = { protocol: "tcp", address, port: 7550 } as const;
        await host.echo(peer.ns, target);
        expect((await host.ask(box.ns, target)).from).toBe(own(box)[i]);
      }
      expect(await dropsOf(lab, box)).toEqual({ spoofed: 0, service: 0 });
      await using capture = await host.capture(
        peer.ns,
        "eth0",
        `-p -Q in ether src ${macOf(box)} and (udp or arp[6:2] == 1)`,
      );
      const strangers = ["10.71.0.77", "10.71.0.1", own(peer)[1] ?? ""];
      await sendFrames(box.ns, "eth0", [
        ...strangers.map((from) => datagram(macOf(box), from, macOf(peer), own(peer)[1] ?? "", 7551)),
        ...strangers.map((from) => claim(macOf(box), from)),
        ...own(box)
          .slice(0, 2)
          .map((from) => claim(macOf(box), from)),
        datagram(macOf(box), own(box)[1] ?? "", macOf(peer), own(peer)[1] ?? "", 7552),
      ]);
      await capture.packet(/\.7552: UDP/);
      expect(capture.packets()).toHaveLength(3);
      expect((await dropsOf(lab, box)).spoofed).toBe(2 * strangers.length);
    });

    it("ties each address to the interface that has it", async () => {
      await using lab = await createLab();
      const { host } = lab;
      await seeBridged(host, false);
      const peer = await lab.add({ id: "peer" });
      const one = await lab.add({ id: "box" });
      const two = await lab.add({ id: "box", ns: one.ns, ifname: "eth1" });
      await using capture = await host.capture(peer.ns, "eth0", "-p -Q in udp or arp[6:2] == 1");
      const before = capture.packets().length;
      await sendFrames(one.ns, "eth0", [
        datagram(macOf(one), two.ip4, macOf(peer), peer.ip4, 7553),
        datagram(macOf(two), two.ip4, macOf(peer), peer.ip4, 7553),
        claim(macOf(one), two.ip4),
      ]);
      await sendFrames(one.ns, "eth1", [
        datagram(macOf(two), one.ip4, macOf(peer), peer.ip4, 7553),
        claim(macOf(two), one.ip4),
        claim(macOf(two), two.ip4),
        datagram(macOf(two), two.ip4, macOf(peer), peer.ip4, 7554),
      ]);
      await capture.packet(/\.7554: UDP/);
      expect(capture.packets().slice(before)).toHaveLength(2);
      // Asked for the other one, its kernel answers here, too (arp_ignore=0): that is dropped as well.
      expect((await dropsOf(lab, one)).spoofed).toBeGreaterThanOrEqual(3);
      expect((await dropsOf(lab, two)).spoofed).toBeGreaterThanOrEqual(2);
    });
  },
);
