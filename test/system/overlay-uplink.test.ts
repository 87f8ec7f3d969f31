import { describe, expect, it } from "vitest";
import { whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayHost, withPeers } from "./overlay-lab.ts";

const why = whyNoNat();

describe.skipIf(why).each(["routed", "stretched"] as const)(
  `the uplink of an overlay network, %s${why ? ` (${why})` : ""}`,
  (mode) => {
    it("may have got another address and MTU while nobody was on the network", async () => {
      await using lab = await createOverlayLab({ mode });
      const [first, second] = lab.hosts as [OverlayHost, OverlayHost];
      const { host } = first;
      const before = await first.add();
      await first.done("DEL", { id: before.id, netns: before.ns.path });
      await host.exec(
        host.ns,
        "sh",
        "-ec",
        `ip address delete 192.0.2.1/24 dev eth0; ip address add 192.0.2.11/24 dev eth0; ip link set eth0 mtu 1400
         ip route add default via 192.0.2.254`,
      );
      const a = await first.add();
      const b = await second.add({
        config: withPeers(second.config, ([peer]) =>
          peer ? [{ ...peer, vtep: "192.0.2.11", mtu: 1350 }] : [],
        ),
      });
      expect(a.result.interfaces.map((link) => link.mtu)).toEqual([1350, 1350, 1350]);
      const tunnel = await host.exec(host.ns, "ip", "-d", "link", "show", `vsx-${first.config.name}`);
      expect(tunnel).toContain("local 192.0.2.11 ");
      expect(tunnel).toContain("link/ether 0e:2a:c0:00:02:0b ");
      for (const address of [b.ip4, b.ip6]) expect(await host.answersPing(a.ns, address)).toBe(true);
      expect(await first.check(a)).toMatchObject({ exitCode: 0, stdout: "" });
    });

    it("may be gone for a while, and others are reached again once it is back", async () => {
      await using lab = await createOverlayLab({ mode });
      const [first, second] = lab.hosts as [OverlayHost, OverlayHost];
      const [a, b] = [await first.add(), await second.add()];
      const { host } = first;
      await host.exec(host.ns, "ip", "link", "set", "eth0", "down");
      expect(await host.answers(a.ns, { protocol: "tcp", address: b.ip4, port: 9, timeoutMs: 200 })).toBe(
        false,
      );
      await host.exec(host.ns, "ip", "link", "set", "eth0", "up");
      for (const address of [b.ip4, b.ip6]) expect(await host.answersPing(a.ns, address)).toBe(true);
      expect(await first.check(a)).toMatchObject({ exitCode: 0, stdout: "" });
    });
  },
);
