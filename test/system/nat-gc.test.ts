import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Attached, createLab, dual, type NatLab, other, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();

const valid = (list: unknown, config: object = dual) => ({
  config: { ...config, "cni.dev/valid-attachments": list },
});
const entry = ({ id, ifname = "eth0" }: Pick<Attached, "id" | "ifname">) => ({ containerID: id, ifname });

/** Three attachments of network "nat" and one of "other". */
async function populated(lab: NatLab) {
  const [a, b, c] = [
    await lab.add({ id: "a", runtimeConfig: publish("8081:80/tcp") }),
    await lab.add({ id: "b", runtimeConfig: publish("8082:80/udp") }),
    await lab.add({ id: "c" }),
  ];
  const stranger = await lab.add({ id: "a", config: other, runtimeConfig: publish("8084:80/tcp") });
  return { a, b, c, stranger };
}

/** A minimal ipam whose ADD waits for somebody to write to the FIFO. */
const slowIpam = (go: string) => `#!/bin/sh
cat > /dev/null
[ "$CNI_COMMAND" = ADD ] || exit 0
read -r _ < ${go}
echo '{"cniVersion": "1.1.0", "ips": [{"address": "10.67.0.9/24", "gateway": "10.67.0.1"}]}'
`;

const endpointsOf = (lab: NatLab, network: string) =>
  lab
    .rows()
    .filter((row) => row.startsWith(`endpoints ${network} `))
    .map((row) => row.split(" ")[2]);

describe.skipIf(reason !== undefined)(`GC of a nat network${reason ? ` (${reason})` : ""}`, () => {
  it("takes away what is not in the list, and nothing of another network", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const { a, b, c, stranger } = await populated(lab);
    await lab.done("GC", valid([entry(b), entry(b), { containerID: "unknown", ifname: "eth0" }]));
    expect(endpointsOf(lab, "nat")).toEqual(["b"]);
    for (const kept of [b, stranger]) expect(await lab.check(kept)).toMatchObject({ exitCode: 0 });
    for (const gone of [a, c]) {
      expect(await host.exec(gone.ns, "ip", "-br", "link")).not.toContain("eth0");
      await lab.done("DEL", gone);
    }
    const map = await host.exec(host.ns, "nft", "list", "map", "inet", "vswitch", "published4_any");
    expect(map).not.toContain("8081");
    expect(map).toContain("8084");
    expect((await lab.add({ id: "a", ns: a.ns, runtimeConfig: publish("8081:80/tcp") })).ip4).not.toBe(b.ip4);
  });

  it.each([
    ["an empty list", []],
    ["null", null],
  ])("with %s takes everything away, the switch with the last", async (_, list) => {
    await using lab = await createLab();
    const { host } = lab;
    const { stranger } = await populated(lab);
    await lab.done("GC", valid(list));
    expect(endpointsOf(lab, "nat")).toEqual([]);
    expect(await host.exec(host.ns, "ip", "-br", "link")).not.toContain("vsw-nat");
    expect(await lab.check(stranger)).toMatchObject({ exitCode: 0 });
    await lab.done("GC", valid(list));
    await lab.done("GC", valid(list, other));
    expect(await host.exec(host.ns, "ip", "-br", "link")).not.toMatch(/vsw-|vp-/);
    expect(await host.exec(host.ns, "nft", "list", "ruleset")).toBe("");
    expect(lab.rows().filter((row) => !row.startsWith("networks"))).toEqual([]);
  });

  it("without a list takes away only what is verifiably gone, and says so while something lives", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const { a, b, c } = await populated(lab);
    const before = await host.snapshot(lab.everything);
    expect(await lab.refused("GC", { config: dual })).toMatchObject({ code: 7 });
    expect(await host.changes(before, lab.everything)).toBe("");
    await host.remove(a.ns, b.ns, c.ns);
    await lab.done("GC", { config: dual });
    expect(endpointsOf(lab, "nat")).toEqual([]);
    expect(endpointsOf(lab, "other")).toEqual(["a"]);
  });

  it.each([
    ["no list", "all"],
    ["no object in it", ["a"]],
    ["without a container", [{ ifname: "eth0" }]],
    ["a number for a name", [{ containerID: 7, ifname: "eth0" }]],
  ])("with a malformed list (%s) takes nothing away", async (_, list) => {
    await using lab = await createLab();
    await populated(lab);
    const before = await lab.host.snapshot(lab.everything);
    expect(await lab.refused("GC", valid(list))).toMatchObject({ code: 7 });
    expect(await lab.host.changes(before, lab.everything)).toBe("");
  });

  it("finds by their marks what the state file does not know", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const { a, b, c } = await populated(lab);
    await host.remove(c.ns);
    await host.exec(host.ns, "rm", "-r", lab.dataDir);
    await lab.done("GC", valid([entry(b)]));
    for (const gone of [a, c])
      expect(await host.exec(host.ns, "ip", "-d", "link", "show")).not.toContain(`nat/${gone.id}/eth0`);
    expect(await host.exec(host.ns, "nft", "list", "map", "inet", "vswitch", "published4_any")).not.toContain(
      "8081",
    );
    expect(await host.answersPing(b.ns, b.gateway4)).toBe(true);
    const late = await lab.add({ id: "late" });
    expect(late.ip4).not.toBe(b.ip4);
  });

  it("leaves alone what an ADD is about to make, and takes what a dead one left", async () => {
    await using lab = await createLab();
    const { host } = lab;
    // An ipam that waits until it is told to go on, so that GC comes in the middle.
    const [bin, go] = [`${host.dir}/bin`, `${host.dir}/go`];
    mkdirSync(bin);
    await host.exec(host.ns, "mkfifo", go);
    writeFileSync(`${bin}/slow`, slowIpam(go), { mode: 0o755 });
    const config = { cniVersion: "1.1.0", ipam: { type: "slow" } };
    const env = { CNI_PATH: bin };
    const ns = await host.compartment();
    const adding = lab.add({ id: "late", ns, config, env });
    await expect.poll(() => endpointsOf(lab, "nat")).toEqual(["late"]);
    await lab.done("GC", { ...valid([], config), env });
    expect(endpointsOf(lab, "nat")).toEqual(["late"]);
    writeFileSync(go, "on");
    const late = await adding;
    expect(await lab.check(late)).toMatchObject({ exitCode: 0 });
    await lab.done("DEL", late);
    // The same, but the ADD dies.
    const other = await host.compartment("dead");
    const dying = lab.call("ADD", {
      id: "dead",
      netns: other.path,
      config,
      env,
      call: { kill: { signal: "SIGKILL", afterMs: 400 } },
    });
    await expect.poll(() => endpointsOf(lab, "nat")).toEqual(["dead"]);
    expect(await dying).toMatchObject({ signal: "SIGKILL" });
    writeFileSync(go, "on");
    await lab.done("GC", { ...valid([], config), env });
    expect(endpointsOf(lab, "nat")).toEqual([]);
  });

  it("of a network nobody has seen does nothing", async () => {
    await using lab = await createLab();
    const before = await lab.host.snapshot(lab.everything);
    await lab.done("GC", valid([]));
    await lab.done("GC", { config: { name: "unheard-of" } });
    expect(await lab.host.changes(before, lab.everything)).toBe("");
  });
});

describe.skipIf(reason !== undefined)(`STATUS of a nat network${reason ? ` (${reason})` : ""}`, () => {
  it("is good before the first ADD and after, changes nothing and makes nothing", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const empty = await host.snapshot({ ...lab.everything, folders: [lab.dataDir] });
    for (const config of [dual, {}]) await lab.done("STATUS", { config });
    expect(await host.changes(empty, { ...lab.everything, folders: [lab.dataDir] })).toBe("");
    await lab.add();
    const before = await host.snapshot(lab.everything);
    for (let i = 0; i < 5; i++) await lab.done("STATUS", { config: dual });
    expect(await host.changes(before, lab.everything)).toBe("");
  });

  it("says what is wrong with the configuration, and which delegate is missing", async () => {
    await using lab = await createLab();
    expect(await lab.refused("STATUS", { config: { ipam: { subnet: "10.0.0.0/99" } } })).toMatchObject({
      code: 7,
    });
    const refused = await lab.refused("STATUS", { config: { ipam: { type: "nowhere" } } });
    expect([50, 106]).toContain(refused.code);
    expect(refused.msg).toContain("nowhere");
  });
});

describe.skipIf(reason !== undefined)(`DEL on a nat network${reason ? ` (${reason})` : ""}`, () => {
  it("works with a configuration that has become nonsense, without prevResult and with a strange one", async () => {
    await using lab = await createLab();
    await lab.add({ id: "warm" });
    const before = await lab.host.snapshot(lab.everything);
    const nonsense = {
      ipam: { type: "ipam", subnet: "300.0.0.0/8" },
      mtu: "huge",
      bridge: "far/too/long",
      exceptions: 7,
    };
    for (const change of [
      { config: nonsense },
      { config: {}, args: "garbage" },
      { config: dual, prevResult: { cniVersion: "9.9.9", ips: "none" } },
      { config: { ...dual, dataDir: undefined, runtimeConfig: { portMappings: "many" } } },
    ]) {
      const attached = await lab.add({ runtimeConfig: publish("8080:80/tcp") });
      await lab.done("DEL", { id: attached.id, netns: attached.ns.path, ...change });
      expect(await lab.host.changes(before, lab.everything)).toBe("");
    }
  });

  it("of what was never added succeeds and changes nothing, on a host without state too", async () => {
    await using lab = await createLab();
    const ns = await lab.host.compartment();
    for (let i = 0; i < 2; i++) {
      const before = await lab.host.snapshot({ ...lab.everything, folders: [lab.dataDir] });
      for (const netns of [ns.path, ""]) await lab.done("DEL", { id: "unknown", netns });
      expect(await lab.host.changes(before, { ...lab.everything, folders: [lab.dataDir] })).toBe("");
      await lab.add();
    }
  });
});
