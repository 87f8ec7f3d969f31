import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { type Attached, createLab, dual, type NatLab, other, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
async function works(lab: NatLab, { ns, ip4, ip6, gateway4, gateway6, ...rest }: Attached): Promise<void> {
  const { host } = lab;
  const what = `${rest.id} ${rest.ifname ?? "eth0"}`;
  for (const gateway of [gateway4, gateway6]) expect(await host.answersPing(ns, gateway), what).toBe(true);
  for (const address of [ip4, ip6]) expect(await host.answersPing(host.ns, address), what).toBe(true);
  expect(await host.answersPing(ns, uplink.outside4), what).toBe(true);
  expect(await host.answersPing(ns, uplink.outside6), what).toBe(true);
}

async function published(lab: NatLab, attached: Attached, port: number): Promise<string> {
  const target = { protocol: "tcp", address: uplink.host4, port } as const;
  return (await lab.host.ask(lab.host.outside, { ...target, message: attached.id })).data;
}

describe.skipIf(reason !== undefined)(
  `several nat attachments of a container${reason ? ` (${reason})` : ""}`,
  () => {
    it("work on two networks at once, and the first keeps the default route", async () => {
      await using lab = await createLab();
      const a = await lab.add({ id: "c" });
      const b = await lab.add({ id: "c", ns: a.ns, ifname: "eth1", config: other });
      const routes = await lab.host.exec(a.ns, "ip", "route", "show", "default");
      expect(routes).toMatch(
        new RegExp(`default via ${a.gateway4} dev eth0 .*\n.*via ${b.gateway4} dev eth1.*metric`),
      );
      for (const attached of [a, b]) {
        await works(lab, attached);
        expect(await lab.check(attached)).toMatchObject({ exitCode: 0 });
      }
      await lab.done("DEL", a);
      expect(await lab.check(b)).toMatchObject({ exitCode: 0 });
      await works(lab, b);
    });

    it("work twice on one network: DEL of one leaves traffic, masquerade and ports of the other", async () => {
      await using lab = await createLab();
      const { host } = lab;
      // What came by one interface the container answers by the other: a guard would take that for false.
      const config = { ...dual, guard: false };
      const a = await lab.add({ id: "c", config, runtimeConfig: publish("8081:7100/tcp") });
      const second = { config, ifname: "eth1", runtimeConfig: publish("8082:7100/tcp") };
      const b = await lab.add({ id: "c", ns: a.ns, ...second });
      expect(b.ip4).not.toBe(a.ip4);
      await host.echo(a.ns, { protocol: "tcp", address: "::", port: 7100 });
      for (const attached of [a, b]) expect(await lab.check(attached)).toMatchObject({ exitCode: 0 });
      for (const port of [8081, 8082]) expect(await published(lab, a, port)).toBe("c");
      await lab.done("DEL", a);
      expect(await lab.check(b)).toMatchObject({ exitCode: 0 });
      await works(lab, b);
      expect(await published(lab, b, 8082)).toBe("c");
      expect(
        await host.answers(host.outside, {
          protocol: "tcp",
          address: uplink.host4,
          port: 8081,
          timeoutMs: 500,
        }),
      ).toBe(false);
    });

    it("of one name on two networks are apart: GC of one network leaves the other", async () => {
      await using lab = await createLab();
      const a = await lab.add({ id: "c" });
      const b = await lab.add({ id: "c", ns: a.ns, ifname: "eth1", config: other });
      await lab.done("GC", { config: { ...a.config, "cni.dev/valid-attachments": [] } });
      expect(await lab.check(b)).toMatchObject({ exitCode: 0 });
      await works(lab, b);
      expect(await lab.check(a)).toMatchObject({ exitCode: 1 });
      expect(lab.rows().filter((row) => row.startsWith("endpoints"))).toEqual([
        "endpoints other c eth1 ready",
      ]);
    });
  },
);
