import { Database } from "bun:sqlite";
import { readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createLab, dual, type NatLab, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const stateFile = ({ dataDir }: NatLab) => join(dataDir, "state.db");

/** Damages the file as a disk or a person may; its journal goes too, since that could still mend it. */
function damage(lab: NatLab, how: (file: string) => void): void {
  using database = new Database(stateFile(lab));
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  for (const suffix of ["-wal", "-shm"]) rmSync(stateFile(lab) + suffix, { force: true });
  how(stateFile(lab));
}

const damages: readonly (readonly [string, (file: string) => void])[] = [
  ["overwritten with text", (file) => writeFileSync(file, "this is not a database\n".repeat(900))],
  ["cut off in the middle", (file) => truncateSync(file, 9000)],
  ["emptied", (file) => truncateSync(file, 0)],
  ["deleted", (file) => rmSync(file)],
];

/** Runs the plugin where the state folder is read-only, or on a file system without room. */
const readOnly = (dir: string) => [
  ...["unshare", "-m", "sh", "-c"],
  'mount --bind "$0" "$0"; mount -o remount,ro,bind "$0"; exec "$@"',
  dir,
];
const noRoom = (dir: string) => [
  ...["unshare", "-m", "sh", "-c"],
  `cp -a "$0" "$0.copy"; mount -t tmpfs -o size=400k,mode=700 none "$0"; cp -a "$0.copy/." "$0"
   dd if=/dev/zero of="$0/filler" bs=1k 2>/dev/null; exec "$@"`,
  dir,
];

describe.skipIf(reason !== undefined)(`the state of nat networks${reason ? ` (${reason})` : ""}`, () => {
  it.each(damages)("that is %s is rebuilt from the marks on kernel objects", async (what, how) => {
    await using lab = await createLab();
    const { host } = lab;
    const warm = await lab.add({ id: "warm" });
    const before = await host.snapshot();
    const old = await lab.add({ id: "old", runtimeConfig: publish("8080:80/tcp", "8053:53/udp") });
    damage(lab, how);
    const ns = await host.compartment("late");
    const outcome = await lab.call("ADD", { id: "late", netns: ns.path });
    expect(outcome.exitCode, outcome.stdout).toBe(0);
    // Nobody gets the address of a container that lives.
    const leases = () => lab.rows().filter((row) => row.startsWith("leases"));
    expect(leases()).toHaveLength(6);
    expect(new Set(leases().map((row) => row.split(" ").at(-1))).size).toBe(6);
    const aside = readdirSync(lab.dataDir).filter((name) => /\.corrupt-\w+$/.test(name));
    if (what === "deleted" || what === "emptied") expect(aside).toEqual([]);
    else {
      expect(aside).not.toEqual([]);
      expect(outcome.stderr).toContain(join(lab.dataDir, aside[0] ?? "?"));
    }
    const again = await lab.refused("ADD", {
      id: "again",
      netns: ns.path,
      ifname: "x",
      runtimeConfig: { ips: [old.ip4] },
    });
    expect(again).toMatchObject({ code: 103, msg: expect.stringContaining("nat/old/eth0") });
    const taken = await lab.refused("ADD", {
      id: "again",
      netns: ns.path,
      ifname: "x",
      runtimeConfig: publish("8080:80/tcp"),
    });
    expect(taken).toMatchObject({ code: 104, msg: expect.stringContaining("nat/old/eth0") });
    for (const id of ["old", "late"])
      await lab.done("DEL", { id, netns: id === "old" ? old.ns.path : ns.path });
    expect(await host.changes(before)).toBe("");
    expect(lab.rows().filter((row) => /^(endpoints|leases|ports)/.test(row))).toHaveLength(3);
    await lab.done("DEL", warm);
  });

  it.each(damages)("that is %s does not keep DEL from cleaning", async (_, how) => {
    await using lab = await createLab();
    const { host } = lab;
    await lab.add({ id: "warm" });
    const before = await host.snapshot();
    const old = await lab.add({ runtimeConfig: publish("8080:80/tcp", "8053:53/udp") });
    damage(lab, how);
    await lab.done("DEL", { ...old, netns: "" });
    expect(await host.changes(before)).toBe("");
  });

  it("in a read-only folder lets no ADD begin, and DEL takes away what the kernel has", async () => {
    await using lab = await createLab();
    const { host, dataDir } = lab;
    const warm = await lab.add({ id: "warm" });
    const before = await host.snapshot();
    const old = await lab.add();
    const ns = await host.compartment();
    const start = await host.snapshot(lab.everything);
    const call = { wrap: readOnly(dataDir) };
    const refused = await lab.refused("ADD", { id: "x", netns: ns.path, call });
    expect(refused).toMatchObject({ code: 5, msg: expect.stringContaining(stateFile(lab)) });
    expect(await lab.refused("STATUS", { call })).toMatchObject({ code: 50 });
    expect(await host.changes(start, lab.everything)).toBe("");
    const checked = await lab.call("CHECK", { ...warm, prevResult: warm.result, call });
    expect(checked).toMatchObject({ exitCode: 0 });
    expect(await lab.refused("DEL", { ...old, call })).toMatchObject({ code: 5 });
    expect(await host.changes(before)).toBe("");
    await lab.done("DEL", old);
    expect(lab.rows().filter((row) => row.startsWith("leases"))).toHaveLength(2);
  });

  it("on a full disk lets no ADD begin, whether there was a file before or not", async () => {
    for (const warm of [true, false]) {
      await using lab = await createLab();
      const { host, dataDir } = lab;
      if (warm) await lab.add({ id: "warm" });
      else await host.exec(host.ns, "mkdir", dataDir);
      const ns = await host.compartment();
      const before = await host.snapshot(lab.everything);
      const ports = Array.from({ length: 2000 }, (_, i) => `${20_000 + i}:80/tcp`);
      const ask = {
        id: "x",
        netns: ns.path,
        runtimeConfig: publish(...ports),
        call: { wrap: noRoom(dataDir) },
      };
      const refused = await lab.refused("ADD", ask);
      expect(refused).toMatchObject({ code: 5, msg: expect.stringContaining("space") });
      expect(await host.changes(before, lab.everything)).toBe("");
    }
  });

  it("that another process holds is waited for, and then tried again later", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const old = await lab.add();
    const ns = await host.compartment();
    const before = await host.snapshot(lab.everything);
    using holder = new Database(stateFile(lab));
    holder.run("BEGIN IMMEDIATE");
    const ask = { id: "x", netns: ns.path };
    const refused = await lab.refused("ADD", ask);
    expect(refused).toMatchObject({ code: 11, msg: expect.stringContaining(stateFile(lab)) });
    expect(await host.changes(before, lab.everything)).toBe("");
    // One that comes in time goes on by itself.
    const patient = lab.add({ ...ask, ns });
    await Bun.sleep(300);
    holder.run("COMMIT");
    expect((await patient).ip4).not.toBe(old.ip4);
  });

  it("of an exhausted network says so, and STATUS too; one DEL helps", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const config = { ipam: { subnet: "10.61.0.0/29" } };
    const all = [];
    for (let i = 0; i < 5; i++) all.push(await lab.add({ config }));
    expect(new Set(all.map(({ ip4 }) => ip4)).size).toBe(5);
    const before = await host.snapshot(lab.everything);
    const ns = await host.compartment();
    const refused = await lab.refused("ADD", { id: "x", netns: ns.path, config });
    expect(refused).toMatchObject({ code: 102, msg: expect.stringContaining("10.61.0.6") });
    expect(await host.changes(before, lab.everything)).toBe("");
    expect(await lab.refused("STATUS", { config })).toMatchObject({ code: 50 });
    const [first] = all;
    if (first !== undefined) await lab.done("DEL", first);
    await lab.done("STATUS", { config });
    expect((await lab.add({ id: "x", ns, config })).ip4).toBe(first?.ip4);
  });

  it("of an exhausted network gives the addresses of vanished containers away, with their ports", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const config = { ipam: { subnet: "10.61.0.0/30" } };
    const lost = await lab.add({ config, runtimeConfig: publish("8080:80/tcp") });
    await host.remove(lost.ns);
    await lab.done("STATUS", { config });
    const next = await lab.add({ config, runtimeConfig: publish("8080:81/tcp") });
    expect(next.ip4).toBe(lost.ip4);
    expect(await lab.check(next)).toMatchObject({ exitCode: 0 });
    await lab.done("DEL", lost);
    expect(await lab.check(next)).toMatchObject({ exitCode: 0 });
  });

  it("names who has an address that is asked for", async () => {
    await using lab = await createLab();
    const holder = await lab.add({ id: "holder" });
    const before = await lab.host.snapshot(lab.everything);
    const ns = await lab.host.compartment();
    const refused = await lab.refused("ADD", {
      id: "x",
      netns: ns.path,
      config: dual,
      runtimeConfig: { ips: [holder.ip6] },
    });
    expect(refused).toMatchObject({ code: 103, msg: expect.stringContaining("nat/holder/eth0") });
    expect(await lab.host.changes(before, lab.everything)).toBe("");
  });
});
