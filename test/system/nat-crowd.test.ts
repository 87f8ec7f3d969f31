import { Database } from "bun:sqlite";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { uplink } from "./host.ts";
import type { Namespace } from "./namespaces.ts";
import { createLab, dual, type NatLab, other, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const count = 100;

/** Rows that attachments leave, as opposed to networks. */
const rowsOf = (lab: NatLab) => lab.rows().filter((row) => !row.startsWith("networks"));

const numbers = (many: number) => Array.from({ length: many }, (_, i) => i);

describe.skipIf(reason !== undefined)(
  `many attachments to nat networks${reason ? ` (${reason})` : ""}`,
  () => {
    it(`come and go ${count} at once: all succeed, no address is given twice, nothing is left`, async () => {
      await using lab = await createLab();
      const { host } = lab;
      const compartments = await Promise.all(numbers(count).map((i) => host.compartment(`n${i}`)));
      // On a host that has never seen a network, so that all of them want to make the switch.
      const started = performance.now();
      const asks = compartments.map((ns, i) => ({
        id: `c${i}`,
        ns,
        config: i % 4 === 0 ? other : dual,
        runtimeConfig: publish(`${20_000 + i}:80/tcp`),
      }));
      const all = await Promise.all(asks.map((ask) => lab.add(ask)));
      const addMs = performance.now() - started;
      for (const of of ["ip4", "ip6"] as const) expect(new Set(all.map((one) => one[of])).size).toBe(count);
      expect(rowsOf(lab).filter((row) => row.includes("adding"))).toEqual([]);
      for (const i of [0, 1, 57, 99]) {
        const one = all[i];
        if (one === undefined) continue;
        expect(await lab.check(one)).toMatchObject({ exitCode: 0 });
        expect(await host.answersPing(one.ns, uplink.outside4)).toBe(true);
      }
      const deleting = performance.now();
      await Promise.all(all.map((one) => lab.done("DEL", one)));
      console.log(
        `${count} at once: ADD ${addMs.toFixed()} ms, DEL ${(performance.now() - deleting).toFixed()} ms`,
      );
      expect(rowsOf(lab)).toEqual([]);
      const links = await host.exec(host.ns, "ip", "-br", "link");
      expect(links).not.toContain("vp-");
      expect(
        await host.exec(host.ns, "nft", "list", "map", "inet", "vswitch", "published4_any"),
      ).not.toContain(": 10.");
      for (const config of [dual, other])
        await lab.done("GC", { config: { ...config, "cni.dev/valid-attachments": [] } });
      expect(await host.exec(host.ns, "ip", "-br", "link")).not.toContain("vsw-");
      expect(await host.exec(host.ns, "nft", "list", "ruleset")).toBe("");
    });

    it("come and go side by side, of one container and of many, and do not hurt each other", async () => {
      await using lab = await createLab();
      const { host } = lab;
      const steady = await lab.add({ id: "steady", runtimeConfig: publish("8080:80/tcp") });
      const before = await host.snapshot(lab.everything);
      const ns = await host.compartment("shared");
      const compartments = await Promise.all(numbers(6).map((i) => host.compartment(`n${i}`)));
      const cycle = async (id: string, ifname: string, where: Namespace) => {
        for (let i = 0; i < 3; i++) {
          const attached = await lab.add({ id, ifname, ns: where });
          await lab.done("DEL", attached);
        }
      };
      await Promise.all([
        ...compartments.map((where, i) => cycle(`c${i}`, "eth0", where)),
        ...numbers(4).map((i) => cycle("shared", `eth${i}`, ns)),
      ]);
      expect(await host.changes(before, lab.everything)).toBe("");
      expect(await lab.check(steady)).toMatchObject({ exitCode: 0 });
    });

    it("of one key, ADD and DEL at once, end in one of the two states and never between", async () => {
      await using lab = await createLab();
      const { host } = lab;
      const steady = await lab.add({ id: "steady" });
      const before = await host.snapshot(lab.everything);
      const ns = await host.compartment();
      const key = { id: "c", netns: ns.path, runtimeConfig: publish("8080:80/tcp", "8053:53/udp") };
      for (let i = 0; i < 12; i++) {
        const [added, ...deleted] = await Promise.all([
          lab.call("ADD", key),
          lab.call("DEL", key),
          ...(i % 3 === 0 ? [lab.call("DEL", { ...key, netns: "" })] : []),
        ]);
        for (const each of deleted) expect(each, `DEL ${i}`).toMatchObject({ exitCode: 0, stdout: "" });
        const rows = rowsOf(lab).filter((row) => !row.includes("steady"));
        if (i % 3 !== 0) {
          expect(added, `ADD ${i}`).toMatchObject({ exitCode: 0 });
          const checked = await lab.call("CHECK", { ...key, prevResult: JSON.parse(added.stdout) });
          // Either DEL came first and all is there, or it came last and nothing is.
          expect(JSON.parse(checked.stdout || '{"code":0}').code, `CHECK ${i}`).toBe(
            rows.length === 0 ? 3 : 0,
          );
        }
        await lab.done("DEL", key);
        expect(
          rowsOf(lab).filter((row) => !row.includes("steady")),
          `rows ${i}`,
        ).toEqual([]);
      }
      expect(await host.changes(before, lab.everything)).toBe("");
      expect(await lab.check(steady)).toMatchObject({ exitCode: 0 });
    });

    it("of one key, two DELs at once, both succeed", async () => {
      await using lab = await createLab();
      const before = await lab.add({ id: "warm" }).then(() => lab.host.snapshot(lab.everything));
      for (let i = 0; i < 5; i++) {
        const attached = await lab.add({ runtimeConfig: publish("8080:80/tcp", "8053:53/udp") });
        await Promise.all(
          numbers(3).map((j) => lab.done("DEL", j === 2 ? { ...attached, netns: "" } : attached)),
        );
        expect(await lab.host.changes(before, lab.everything)).toBe("");
      }
    });

    it("of an older boot hold neither addresses nor ports, and their late DEL hurts nobody", async () => {
      await using lab = await createLab();
      const { host, dataDir } = lab;
      const config = { ipam: { subnet: "10.61.0.0/29" } };
      const old = [];
      for (let i = 0; i < 5; i++)
        old.push(await lab.add({ id: `old${i}`, config, runtimeConfig: publish(`808${i}:80/tcp`) }));
      // A reboot: every compartment, link and rule is gone, and the boot id is another one. The file stays.
      await host.remove(...old.map(({ ns }) => ns));
      await host.exec(
        host.ns,
        "sh",
        "-c",
        "nft flush ruleset; ip link delete vsw-nat; sysctl -qw net.ipv4.ip_forward=0",
      );
      using database = new Database(join(dataDir, "state.db"));
      for (const table of ["endpoints", "leases"]) database.run(`UPDATE ${table} SET boot_id = 'before'`);
      database.run("UPDATE meta SET value = 'before' WHERE key = 'boot'");
      database.close();
      await lab.done("STATUS", { config });
      const fresh = [];
      for (let i = 0; i < 5; i++)
        fresh.push(await lab.add({ id: `new${i}`, config, runtimeConfig: publish(`808${i}:80/tcp`) }));
      expect(new Set(fresh.map(({ ip4 }) => ip4)).size).toBe(5);
      for (const each of old) await lab.done("DEL", each);
      for (const each of fresh) expect(await lab.check(each)).toMatchObject({ exitCode: 0 });
      // A container that kept its name over the reboot is attached anew.
      const [first] = fresh;
      if (first === undefined) throw new Error("no attachment");
      await lab.done("DEL", first);
      expect((await lab.add({ id: "old0", config })).ip4).toBe(first.ip4);
    });

    it("that come and go 50 times leave the host, its state and the state file's size as they were", async () => {
      await using lab = await createLab();
      const { host, dataDir } = lab;
      const ns = await host.compartment();
      const runtimeConfig = publish("8080:80/tcp");
      const cycle = async (i: number) => {
        const attached = await lab.add({ id: `c${i}`, ns, runtimeConfig });
        await lab.done("DEL", attached);
      };
      for (let i = 0; i < 5; i++) await cycle(i);
      const options = { ...lab.everything, folders: [dataDir], conntrack: false };
      const [before, inside] = [await host.snapshot(options), await host.snapshot({}, ns)];
      for (let i = 5; i < 55; i++) await cycle(i);
      expect(await host.changes(before, options)).toBe("");
      expect(await host.snapshot({}, ns)).toEqual(inside);
      expect(Bun.file(join(dataDir, "state.db")).size).toBeLessThan(256 * 1024);
      expect(Bun.file(join(dataDir, "state.db-wal")).size).toBeLessThan(4 * 1024 * 1024);
    });
  },
);
