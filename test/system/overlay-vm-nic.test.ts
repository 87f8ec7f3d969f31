import { describe, expect, it } from "vitest";
import { startGuest } from "./guest.ts";
import { whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayHost } from "./overlay-lab.ts";
import { sendSized } from "./overlay-probe.ts";

const why = whyNoNat();
const places = [
  ["in the compartment", {}],
  ["on the switch", { vmNicAttach: "switch" }],
] as const;

describe.skipIf(why).each(["routed", "stretched"] as const)(
  `guests on an overlay network, %s${why ? ` (${why})` : ""}`,
  (mode) => {
    it("reach guests and processes of other hosts, and are reached, wherever their taps are", async () => {
      await using lab = await createOverlayLab({ mode });
      const [first, second] = lab.hosts as [OverlayHost, OverlayHost];
      const { host } = first;
      await host.exec(host.ns, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
      const before = await host.snapshot();
      const process = await second.add();
      const guests = [];
      for (const [, over] of places)
        for (const one of [first, second]) {
          const attached = await one.add({ config: { ...one.config, vnic: "vmNic", ...over } });
          guests.push({ of: one, attached, ...(await startGuest(one, attached)) });
        }
      // As on Windows, by which other hosts know it.
      for (const { attached, mac } of guests) {
        const bytes = attached.ip4.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"));
        expect(mac).toBe(`0e:2a:${bytes.join(":")}`);
      }
      const ends = [...guests.map(({ ns, attached }) => ({ ...attached, ns })), process];
      for (const from of ends)
        for (const to of ends.filter((end) => end !== from))
          for (const address of [to.ip4, to.ip6])
            expect(await host.answersPing(from.ns, address), `${from.ip4} ${address}`).toBe(true);
      const [a, , c] = guests;
      for (const guest of [a, c]) {
        if (guest === undefined) throw new Error("no guest");
        const send = (bytes: number) =>
          sendSized(host, { from: guest.ns, to: process.ns, address: process.ip4, bytes });
        expect(guest.attached.result.interfaces.at(-1)?.mtu).toBe(1450);
        await host.exec(guest.ns, "ip", "link", "set", "eth0", "mtu", "1450");
        expect(await send(1450)).toBe("arrives");
        expect(await send(1451)).toBe("told");
        expect(await first.check(guest.attached)).toMatchObject({ exitCode: 0, stdout: "" });
      }
      for (const { of, attached, monitor } of guests) {
        await monitor.stop();
        await of.done("DEL", { id: attached.id, netns: attached.ns.path });
      }
      await first.done("GC", { config: { ...first.config, "cni.dev/valid-attachments": [] } });
      expect(await host.changes(before)).toBe("");
    });
  },
);
