import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import { createLab, type NatLab, other, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();

/** The elements of all maps of published ports. */
async function elements(lab: NatLab): Promise<readonly string[]> {
  const listed = await lab.host.exec(lab.host.ns, "nft", "-j", "list", "table", "inet", "vswitch");
  const maps = (
    JSON.parse(listed).nftables as readonly { readonly map?: { name: string; elem?: unknown[] } }[]
  ).flatMap(({ map }) => (map?.name.startsWith("published") ? [map] : []));
  return maps.flatMap(({ name, elem }) => (elem ?? []).map((one) => `${name} ${JSON.stringify(one)}`)).sort();
}

describe.skipIf(reason !== undefined)(
  `host ports of several containers${reason ? ` (${reason})` : ""}`,
  () => {
    it.each([
      { title: "the same", taken: "8080:80/tcp", wanted: "8080:81/tcp" },
      {
        title: "one address where every address is taken",
        taken: "8080:80/tcp",
        wanted: "192.0.2.1:8080:80/tcp",
      },
      { title: "every address where one is taken", taken: "192.0.2.1:8080:80/tcp", wanted: "8080:80/tcp" },
      { title: "0.0.0.0 where no address was named", taken: "8080:80/udp", wanted: "0.0.0.0:8080:80/udp" },
      { title: ":: where IPv6 is taken", taken: "[2001:db8::1]:8080:80/sctp", wanted: "[::]:8080:80/sctp" },
    ])("conflict with an error that names the holder: $title", async ({ taken, wanted }) => {
      await using lab = await createLab();
      const holder = await lab.add({ id: "holder", runtimeConfig: publish(taken) });
      const ns = await lab.host.compartment();
      for (const config of [holder.config, other]) {
        const before = await lab.host.snapshot(lab.everything);
        const ask = { id: "late", netns: ns.path, runtimeConfig: publish("9090:90/tcp", wanted) };
        const refused = await lab.refused("ADD", { ...ask, ...(config && { config }) });
        expect(refused).toMatchObject({ code: 104 });
        expect(refused.msg).toContain("nat/holder/eth0");
        expect(refused.msg).toContain("8080");
        expect(await lab.host.changes(before, lab.everything)).toBe("");
        expect(await lab.host.exec(ns, "ip", "-br", "link")).not.toContain("eth0");
      }
      await lab.done("DEL", holder);
      await lab.add({ id: "late", ns, runtimeConfig: publish(wanted) });
    });

    it.each([
      ["8080:80/tcp", "8080:80/udp"],
      ["192.0.2.1:8080:80/tcp", "127.0.0.1:8080:80/tcp"],
      ["0.0.0.0:8080:80/tcp", "[2001:db8::1]:8080:80/tcp"],
      ["8080:80/tcp", "8081:80/tcp"],
    ])("do not conflict: %s and %s", async (one, two) => {
      await using lab = await createLab();
      const [a, b] = [
        await lab.add({ runtimeConfig: publish(one) }),
        await lab.add({ runtimeConfig: publish(two) }),
      ];
      for (const attached of [a, b]) expect(await lab.check(attached)).toMatchObject({ exitCode: 0 });
    });

    it("of one container conflict too when they lead apart", async () => {
      await using lab = await createLab();
      await lab.add();
      const before = await lab.host.snapshot(lab.everything);
      const runtimeConfig = publish("8080:80/tcp", "8080:81/tcp");
      const ask = { id: "late", netns: (await lab.host.compartment()).path, runtimeConfig };
      const refused = await lab.refused("ADD", ask);
      expect(refused).toMatchObject({ code: 7 });
      expect(refused.msg).toMatch(/8080.*80.*81/);
      expect(await lab.host.changes(before, lab.everything)).toBe("");
    });

    it("are removed with their own container alone, whether the compartment is there or not", async () => {
      await using lab = await createLab();
      const { host } = lab;
      await lab.add({
        id: "a",
        runtimeConfig: publish("8001:80/tcp", "127.0.0.1:8002:80/udp", "8003:80/sctp"),
      });
      const one = await elements(lab);
      const b = await lab.add({
        id: "b",
        runtimeConfig: publish("8011:80/tcp", "127.0.0.1:8012:80/udp", "8013:80/sctp"),
      });
      const gone = await lab.add({ id: "gone", config: other, runtimeConfig: publish("8021:80/tcp") });
      expect(await elements(lab)).toHaveLength(12);
      await host.remove(gone.ns);
      await lab.done("DEL", gone);
      await lab.done("DEL", b);
      expect(await elements(lab)).toEqual(one);
    });

    it("stay with who has them when another one's DEL comes late", async () => {
      await using lab = await createLab();
      const first = await lab.add({ id: "first", runtimeConfig: publish("8080:80/tcp") });
      await lab.done("DEL", first);
      const second = await lab.add({ id: "second", runtimeConfig: publish("8080:80/tcp") });
      await lab.done("DEL", first);
      expect(await lab.check(second)).toMatchObject({ exitCode: 0 });
    });

    it.each([1000, 10_000])("may be %i of one container", async (count) => {
      await using lab = await createLab();
      const { host } = lab;
      await lab.add({ runtimeConfig: publish("19999:80/tcp") });
      const before = await host.snapshot(lab.everything);
      const ports = Array.from({ length: count }, (_, i) => `${20_000 + i}:${1_000 + i}/tcp`);
      const started = performance.now();
      const server = await lab.add({ runtimeConfig: publish(...ports) });
      const addMs = performance.now() - started;
      expect(await lab.check(server)).toMatchObject({ exitCode: 0 });
      for (const i of [0, Math.floor(count / 2), count - 1]) {
        await host.echo(server.ns, { protocol: "tcp", address: "::", port: 1_000 + i });
        for (const address of [uplink.host4, uplink.host6])
          expect(await host.answers(host.outside, { protocol: "tcp", address, port: 20_000 + i })).toBe(true);
      }
      const late = {
        id: "late",
        netns: (await host.compartment()).path,
        runtimeConfig: publish(`${19_999 + count}:80/tcp`),
      };
      expect(await lab.refused("ADD", late)).toMatchObject({ code: 104 });
      const deleting = performance.now();
      await lab.done("DEL", server);
      console.log(
        `${count} ports: ADD ${addMs.toFixed()} ms, DEL ${(performance.now() - deleting).toFixed()} ms`,
      );
      expect(await host.changes(before, lab.everything)).toBe("");
      // Two maps of this many entries, and a process: far from the minutes that one rule per port takes.
      expect(addMs).toBeLessThan(count * 0.3 + 700);
    });
  },
);
