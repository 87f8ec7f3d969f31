import { Database } from "bun:sqlite";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createLab, type NatLab, other, publish, whyNoNat } from "./nat-lab.ts";
import { toolOf } from "./tool.ts";

const reason = whyNoNat();

interface Collected {
  readonly removed: readonly { readonly kind: string; readonly name: string; readonly why: string }[];
  readonly left: Collected["removed"];
  readonly failed: Collected["removed"];
}

const gc = async (lab: NatLab, ...words: readonly string[]) =>
  (await toolOf(lab).json("gc", ...words)) as Collected;

/** Changes the state as a crash or a reboot would leave it. */
function write(lab: NatLab, sql: string): void {
  using database = new Database(join(lab.dataDir, "state.db"));
  database.run(sql);
}

const names = (list: Collected["removed"]) => list.map(({ kind, name }) => `${kind} ${name}`);

describe.skipIf(reason !== undefined)(`vswitch gc${reason ? ` (${reason})` : ""}`, () => {
  it("has nothing to do where everything is alive, and makes no state by looking", async () => {
    await using lab = await createLab();
    expect((await toolOf(lab)("gc")).stdout).toBe("nothing is left behind");
    await lab.add({ id: "web", runtimeConfig: publish("8080:80/tcp") });
    const before = await lab.host.snapshot(lab.everything);
    expect(await toolOf(lab)("gc", "--switches")).toMatchObject({
      exitCode: 0,
      stdout: "nothing is left behind",
    });
    expect(await lab.host.changes(before, lab.everything)).toBe("");
  });

  it("removes endpoints whose compartment is gone, with rules and addresses, and leaves the others", async () => {
    await using lab = await createLab();
    await lab.add({ id: "web" });
    await lab.add({ id: "elsewhere", config: other });
    const before = await lab.host.snapshot(lab.everything);
    const gone = await lab.add({ id: "gone", runtimeConfig: publish("8080:80/tcp") });
    const alsoGone = await lab.add({ id: "also", config: other });
    await lab.host.remove(gone.ns, alsoGone.ns);
    const planned = await gc(lab, "--dry-run");
    expect(names(planned.removed)).toEqual(["endpoint nat/gone/eth0", "endpoint other/also/eth0"]);
    const ofOther = await gc(lab, "--network", "other");
    expect(names(ofOther.removed)).toEqual(["endpoint other/also/eth0"]);
    const done = await gc(lab);
    expect(names(done.removed)).toEqual(["endpoint nat/gone/eth0"]);
    expect(done.removed[0]?.why).toContain("its compartment");
    expect(await lab.host.changes(before, lab.everything)).toBe("");
    expect((await toolOf(lab)("gc")).stdout).toBe("nothing is left behind");
    // The port and the address are free.
    await lab.add({ id: "next", runtimeConfig: publish("8080:80/tcp") });
  });

  it("removes what an earlier boot left", async () => {
    await using lab = await createLab();
    const old = await lab.add({ id: "old" });
    await lab.host.exec(old.ns, "ip", "link", "delete", "eth0");
    write(lab, "UPDATE endpoints SET boot_id = 'before'; UPDATE leases SET boot_id = 'before'");
    const done = await gc(lab);
    expect(done.removed).toMatchObject([{ name: "nat/old/eth0", why: "of an earlier boot" }]);
    expect(lab.rows().filter((row) => !row.startsWith("networks"))).toEqual([]);
  });

  it("removes an ADD that did not come to its end, unless it is at work", async () => {
    await using lab = await createLab();
    const half = await lab.add({ id: "half" });
    write(lab, "UPDATE endpoints SET phase = 'adding'");
    const holder = lab.host.start(lab.host.ns, [
      "flock",
      "--no-fork",
      half.ns.path,
      "sh",
      "-c",
      "echo held; exec sleep 60",
    ]);
    await holder.line((line) => line === "held", "its lock");
    const first = await gc(lab);
    expect(first.removed).toEqual([]);
    expect(first.left).toMatchObject([{ name: "nat/half/eth0", why: "its ADD or DEL is at work" }]);
    await holder.stop();
    expect(names((await gc(lab)).removed)).toEqual(["endpoint nat/half/eth0"]);
    expect(await lab.host.exec(half.ns, "ip", "-o", "link")).not.toContain("eth0");
  });

  it("removes kernel objects that bear our mark and no row knows, and leaves those of another state", async () => {
    await using lab = await createLab();
    await lab.add({ id: "lost", runtimeConfig: publish("8080:80/tcp") });
    await lab.add({ id: "web" });
    write(lab, "DELETE FROM endpoints WHERE container_id = 'lost'; DELETE FROM networks WHERE name = 'nat'");
    const stranger = await gc(lab);
    expect(stranger.removed).toEqual([]);
    expect(stranger.left[0]?.why).toContain("another --data-dir");
    write(
      lab,
      `INSERT INTO networks VALUES ('nat', 'nat', '{"switch": {"name": "vsw-nat"}, "settings": {}}')`,
    );
    const done = await gc(lab);
    expect(names(done.removed)).toMatchObject([expect.stringMatching(/^port vp-.* of nat\/lost\/eth0$/)]);
    const rules = await lab.host.exec(lab.host.ns, "nft", "list", "ruleset");
    expect(rules).not.toContain("nat/lost/eth0");
    expect(rules).toContain("nat/web/eth0");
  });

  it("removes leases whose compartment is gone, and leaves those of nobody knows whom", async () => {
    await using lab = await createLab();
    const web = await lab.add({ id: "web" });
    await lab.host.remove(web.ns);
    write(lab, "DELETE FROM endpoints");
    await lab.add({ id: "imported" });
    write(lab, "UPDATE leases SET netns = '' WHERE container_id = 'imported'");
    write(lab, "DELETE FROM endpoints");
    const done = await gc(lab);
    const leases = (list: Collected["removed"]) => names(list).filter((name) => name.startsWith("lease"));
    expect(leases(done.removed)).toEqual([
      `lease ${web.ip4} of nat/web/eth0`,
      `lease ${web.ip6} of nat/web/eth0`,
    ]);
    expect(leases(done.left)).toHaveLength(2);
  });

  it("removes switches that no endpoint is on only when it is told to, and networks come back as they were", async () => {
    await using lab = await createLab();
    const first = await lab.add({ id: "first" });
    await lab.done("DEL", first);
    const idle = await gc(lab);
    expect(names(idle.left)).toEqual(["switch vsw-nat of network nat"]);
    expect(idle.left[0]?.why).toContain("--switches");
    expect(names((await gc(lab, "--switches")).removed)).toEqual(["switch vsw-nat of network nat"]);
    expect(await lab.host.exec(lab.host.ns, "ip", "-o", "link")).not.toContain("vsw-nat");
    expect(await lab.host.exec(lab.host.ns, "nft", "list", "ruleset")).toBe("");
    await lab.add({ id: "second" });
  });
});
