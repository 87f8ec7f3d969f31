import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createHost, uplink } from "./host.ts";
import { createLanLab, lan, lanWith, secondLan } from "./lan-lab.ts";
import { type NatLab, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const count = 50;
const stateFile = ({ dataDir }: NatLab) => join(dataDir, "state.db");
const nobody = (config: object) => ({ ...config, "cni.dev/valid-attachments": [] });
const rowsOf = (lab: NatLab) => lab.rows().filter((row) => !row.startsWith("networks"));
const macvlans = ({ host }: NatLab, ns: Parameters<NatLab["host"]["exec"]>[0]) =>
  host.exec(ns, "ip", "-o", "link", "show", "type", "macvlan");

/** Ways to lose the state, each with its journal. */
const losses: readonly (readonly [string, (file: string) => void])[] = [
  ["lost", (file) => rmSync(file)],
  ["overwritten", (file) => writeFileSync(file, "this is not a database\n".repeat(900))],
];

function lose(lab: NatLab, how: (file: string) => void): void {
  for (const suffix of ["-wal", "-shm"]) rmSync(stateFile(lab) + suffix, { force: true });
  how(stateFile(lab));
}

describe.skipIf(reason !== undefined)(
  `attachments to a transparent network${reason ? ` (${reason})` : ""}`,
  () => {
    it(`come and go ${count} at once: all succeed, no address is given twice, nothing is left`, async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const before = await host.snapshot();
      const settings = [lanWith({ hostAccess: true, dad: false }), secondLan({ dad: false })];
      const compartments = await Promise.all(
        Array.from({ length: count }, (_, i) => host.compartment(`n${i}`)),
      );
      const all = await Promise.all(
        compartments.map((ns, i) => lab.add({ id: `c${i}`, ns, config: settings[i % 2] ?? lan })),
      );
      for (const of of ["ip4", "ip6"] as const) expect(new Set(all.map((one) => one[of])).size).toBe(count);
      expect(rowsOf(lab).filter((row) => row.includes("adding"))).toEqual([]);
      for (const one of [all[0], all[count - 1]]) {
        if (one === undefined) continue;
        expect(await lab.check(one)).toMatchObject({ exitCode: 0 });
        expect(await host.answersPing(one.ns, uplink.outside4)).toBe(true);
      }
      await Promise.all(all.map((one) => lab.done("DEL", one)));
      expect(rowsOf(lab)).toEqual([]);
      for (const config of settings) await lab.done("GC", { config: nobody(config) });
      expect(await host.changes(before)).toBe("");
    });

    it("whose compartment is gone before DEL are deleted all the same, and with the host's routes", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const config = lanWith({ hostAccess: true });
      await lab.add({ id: "warm", config });
      const before = await host.snapshot(lab.everything);
      const [a, b] = [await lab.add({ config }), await lab.add({ config })];
      await host.remove(a.ns, b.ns);
      await lab.done("DEL", a);
      await lab.done("DEL", { ...b, netns: "" });
      expect(await host.changes(before, lab.everything)).toBe("");
    });

    it("are deleted without CNI_NETNS, while the compartment lives", async () => {
      await using lab = await createLanLab();
      const before = await lab.host.snapshot();
      const config = lanWith({ hostAccess: true });
      const a = await lab.add({ config });
      await lab.done("DEL", { ...a, netns: "" });
      expect(await macvlans(lab, a.ns)).toBe("");
      await lab.done("GC", { config: nobody(config) });
      expect(await lab.host.changes(before)).toBe("");
    });

    it.each(losses)(
      "are deleted by their mark where the state is %s, with the host's routes",
      async (_, how) => {
        await using lab = await createLanLab();
        const { host } = lab;
        const before = await host.snapshot();
        const config = lanWith({ hostAccess: true });
        const [a, b] = [await lab.add({ config }), await lab.add({ config })];
        lose(lab, how);
        await lab.done("DEL", a);
        expect(await macvlans(lab, a.ns)).toBe("");
        expect(await host.exec(host.ns, "ip", "route")).not.toContain(a.ip4);
        // The other one is as it was.
        expect(await host.answersPing(b.ns, uplink.outside4)).toBe(true);
        expect(await host.answersPing(host.ns, b.ip4)).toBe(true);
        await lab.done("DEL", b);
        await lab.done("GC", { config: nobody(config) });
        expect(await host.changes(before)).toBe("");
      },
    );

    it.each(losses)(
      "are safe from those that come after the state was %s: their addresses are in use",
      async (_, how) => {
        await using lab = await createLanLab({ config: lanWith({ dad: 2000 }) });
        const a = await lab.add();
        lose(lab, how);
        const ns = await lab.host.compartment();
        const refused = await lab.refused("ADD", { id: "x", netns: ns.path });
        expect(refused).toMatchObject({ code: 103, msg: expect.stringContaining(a.ip4) });
        expect(refused.msg).toContain(a.result.interfaces[0]?.mac);
      },
    );

    it("with a state that is read-only come not at all, and go from the kernel", async () => {
      await using lab = await createLanLab();
      const { host, dataDir } = lab;
      const old = await lab.add();
      const ns = await host.compartment();
      const start = await host.snapshot(lab.everything);
      const script = 'mount --bind "$0" "$0"; mount -o remount,ro,bind "$0"; exec "$@"';
      const call = { wrap: ["unshare", "-m", "sh", "-c", script, dataDir] };
      expect(await lab.refused("ADD", { id: "x", netns: ns.path, call })).toMatchObject({ code: 5 });
      expect(await macvlans(lab, ns)).toBe("");
      expect(await lab.refused("STATUS", { call })).toMatchObject({ code: 50 });
      expect(await host.changes(start, lab.everything)).toBe("");
      expect(await lab.refused("DEL", { ...old, call })).toMatchObject({ code: 5 });
      expect(await macvlans(lab, old.ns)).toBe("");
      await lab.done("DEL", old);
      expect(rowsOf(lab)).toEqual([]);
    });

    it("are told apart where another container has the path of the compartment now", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const first = await lab.add({ id: "first" });
      const { name, path } = first.ns;
      await host.remove(first.ns);
      await host.exec(host.ns, "ip", "netns", "add", name);
      await host.exec(host.ns, "ip", "-n", name, "link", "set", "lo", "up");
      const ns = { name, path };
      const second = await lab.add({ id: "second", ns });
      await lab.done("DEL", { id: "first", netns: path });
      expect(await lab.check(second)).toMatchObject({ exitCode: 0 });
      expect(await host.answersPing(ns, uplink.outside4)).toBe(true);
      await lab.done("DEL", second);
      expect(rowsOf(lab)).toEqual([]);
      await host.remove(ns);
    });

    it("whose address was given away, their compartment being gone, leave it to its new holder at DEL", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const ipam = { subnet: "192.0.2.0/24", rangeStart: "192.0.2.98", rangeEnd: "192.0.2.98" };
      const config = lanWith({ hostAccess: true, ipam });
      const lost = await lab.add({ config });
      await host.remove(lost.ns);
      const next = await lab.add({ config });
      expect(next.ip4).toBe(lost.ip4);
      await lab.done("DEL", lost);
      expect(await host.answersPing(host.ns, next.ip4)).toBe(true);
      expect(await lab.check(next)).toMatchObject({ exitCode: 0 });
    });

    it("that are not in the list go by GC, and without a list only those whose compartment is gone", async () => {
      await using lab = await createLanLab();
      const { host } = lab;
      const config = lanWith({ hostAccess: true });
      const before = await host.snapshot();
      const [kept, stale, dead] = [
        await lab.add({ config }),
        await lab.add({ config }),
        await lab.add({ config }),
      ];
      await host.remove(dead.ns);
      const refused = await lab.refused("GC", { config });
      expect(refused).toMatchObject({ code: 7, msg: expect.stringContaining("valid-attachments") });
      const valid = [{ containerID: kept.id, ifname: "eth0" }];
      await lab.done("GC", { config: { ...config, "cni.dev/valid-attachments": valid } });
      expect(rowsOf(lab).filter((row) => row.startsWith("endpoints"))).toHaveLength(1);
      expect(await macvlans(lab, stale.ns)).toBe("");
      expect(await lab.check(kept)).toMatchObject({ exitCode: 0 });
      expect(await host.answersPing(host.ns, kept.ip4)).toBe(true);
      await host.remove(kept.ns);
      await lab.done("GC", { config });
      expect(rowsOf(lab)).toEqual([]);
      expect(await host.changes(before)).toBe("");
    });

    it("are gone after a reboot, and their addresses are free again without a DEL", async () => {
      await using lab = await createLanLab();
      const only = { subnet: "192.0.2.0/24", rangeStart: "192.0.2.98", rangeEnd: "192.0.2.98" };
      const config = lanWith({ hostAccess: true, ipam: only });
      const first = await lab.add({ id: "first", config });
      // Another host with the same state, in which another boot has begun.
      await using host = await createHost();
      const boot = join(lab.host.dir, "boot_id");
      writeFileSync(boot, "00000000-0000-4000-8000-000000000001\n");
      const wrap = [
        "unshare",
        "-m",
        "sh",
        "-c",
        'mount --bind "$0" /proc/sys/kernel/random/boot_id; exec "$@"',
        boot,
      ];
      const ns = await host.compartment();
      const stdin = { cniVersion: "1.1.0", name: "transparent", type: "transparent", ...config };
      const env = {
        CNI_CONTAINERID: "second",
        CNI_NETNS: ns.path,
        CNI_IFNAME: "eth0",
        CNI_PATH: "/usr/lib/cni",
        VSWITCH_DATA_DIR: lab.dataDir,
      };
      const exe = join(import.meta.dirname, "../../dist/bin/transparent");
      const second = await host.plugin(exe, { verb: "ADD", env, stdin, wrap });
      expect(second).toMatchObject({ exitCode: 0 });
      expect(second.stdout).toContain(first.ip4);
      expect(await host.answersPing(host.ns, first.ip4)).toBe(true);
      const late = { ...env, CNI_CONTAINERID: "first", CNI_NETNS: first.ns.path };
      expect(await host.plugin(exe, { verb: "DEL", env: late, stdin, wrap })).toMatchObject({ exitCode: 0 });
      expect(await host.answersPing(host.ns, first.ip4)).toBe(true);
    });
  },
);
