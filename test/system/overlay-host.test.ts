import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Namespace } from "./namespaces.ts";
import { type Attached, publish, whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayHost, type OverlayLab } from "./overlay-lab.ts";

const why = whyNoNat();
const families = [
  { of: "ip4", gateway: "gateway4", own: "192.0.2.1", other: "192.0.2.2", beyond: "192.0.2.254" },
  { of: "ip6", gateway: "gateway6", own: "2001:db8::1", other: "2001:db8::2", beyond: "2001:db8::254" },
] as const;
const modes = [{ mode: "routed" }, { mode: "stretched" }] as const;
const excepted = { ip4: "192.0.2.200", ip6: "2001:db8::200" };

describe.skipIf(why).each(modes)(
  `a host of an overlay network, $mode${why ? ` (${why})` : ""}`,
  ({ mode }) => {
    let lab: OverlayLab;
    let first: OverlayHost;
    let second: OverlayHost;
    let a: Attached;
    let b: Attached;
    let c: Attached;
    beforeAll(async () => {
      const exceptions = Object.values(excepted);
      lab = await createOverlayLab({ mode, config: { exceptions } });
      [first, second] = lab.hosts as [OverlayHost, OverlayHost];
      const runtimeConfig = publish("8080:7000/tcp", "8053:7001/udp");
      [a, b, c] = [await first.add({ runtimeConfig }), await second.add(), await first.add()];
      const { host } = first;
      await host.echo(a.ns, { protocol: "tcp", address: "::", port: 7000 });
      await host.echo(a.ns, { protocol: "udp", address: "0.0.0.0", port: 7001 });
    });
    afterAll(() => lab?.[Symbol.asyncDispose]());

    /** Whom a server sees. */
    const seenBy = async (
      server: Namespace,
      from: Namespace,
      address: string,
      protocol: "tcp" | "udp" = "tcp",
    ) => {
      const { host } = first;
      const running = await host.echo(server, { protocol, address, port: 7010 });
      const { from: seen } = await host.ask(from, { protocol, address, port: 7010 });
      await running.stop();
      return seen;
    };
    const published = (from: Namespace, address: string) =>
      first.host.ask(from, { protocol: "tcp", address, port: 8080 }).then(({ from: seen }) => seen);

    it.each(families)("reaches its own containers, and they reach it ($of)", async ({ of, gateway }) => {
      const { host } = first;
      expect(await seenBy(a.ns, host.ns, a[of])).toBe(a[gateway]);
      expect(await seenBy(host.ns, a.ns, a[gateway])).toBe(a[of]);
      expect(await host.answersPing(a.ns, a[gateway])).toBe(true);
      expect(await host.answersPing(host.ns, a[of])).toBe(true);
    });

    it.each(families)(
      "reaches those of another host by its address in the network ($of)",
      async ({ of, gateway }) => {
        const { host } = first;
        if (mode === "routed") {
          expect(await seenBy(b.ns, host.ns, b[of])).toBe(a[gateway]);
          return;
        }
        // On one subnet all hosts have one address: an answer goes to the nearest, which is not who asked.
        const target = { protocol: "tcp", address: b[of], port: 7010 } as const;
        await host.echo(b.ns, target);
        expect(await host.answers(host.ns, { ...target, timeoutMs: 300 })).toBe(false);
      },
    );

    it.each(families)("is whom all beyond it see ($of), save the exceptions", async ({ of, own, beyond }) => {
      const { host } = first;
      for (const protocol of ["tcp", "udp"] as const)
        expect(await seenBy(lab.lan.ns, a.ns, beyond, protocol)).toBe(own);
      expect(await host.answersPing(a.ns, beyond)).toBe(true);
      const address = excepted[of];
      const length = of === "ip4" ? 24 : 64;
      const nodad = of === "ip4" ? [] : ["nodad"];
      await host.exec(lab.lan.ns, "ip", "address", "add", `${address}/${length}`, "dev", "lan", ...nodad);
      await host.exec(lab.lan.ns, "ip", "route", "add", a[of], "via", own);
      expect(await seenBy(lab.lan.ns, a.ns, address)).toBe(a[of]);
      await host.exec(lab.lan.ns, "ip", "route", "delete", a[of]);
      await host.exec(lab.lan.ns, "ip", "address", "delete", `${address}/${length}`, "dev", "lan");
    });

    it.each(families)(
      "publishes ports to all that reach it ($of)",
      async ({ of, gateway, own, other, beyond }) => {
        expect(await published(lab.lan.ns, own)).toBe(beyond);
        expect(await published(second.host.ns, own)).toBe(other);
        // A container of another host goes out as all to the underlay.
        expect(await published(b.ns, own)).toBe(other);
        expect(await published(first.host.ns, own)).toBe(own);
        // Hairpin: from beside it, and from itself, by the gateway's address.
        expect(await published(c.ns, own)).toBe(a[gateway]);
        expect(await published(a.ns, own)).toBe(a[gateway]);
        if (of === "ip4") {
          expect(await published(first.host.ns, "127.0.0.1")).toBe(a[gateway]);
          for (const ns of [lab.lan.ns, b.ns, c.ns])
            expect(await first.host.answers(ns, { protocol: "udp", address: own, port: 8053 })).toBe(true);
        }
        // By the gateway's address too: in mode stretched that is the container's own host's.
        if (mode === "routed") expect(await published(b.ns, a[gateway])).toBe(b[of]);
      },
    );
  },
);
