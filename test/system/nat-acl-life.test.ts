import { describe, expect, it } from "vitest";
import { acl } from "./acl-scene.ts";
import { answerAll, isDropped, passes } from "./knock.ts";
import { type Attached, createLab, dual, type NatLab, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const stateSets = ["flows4", "flows6", "fresh4", "fresh6", "asked4", "asked6"];

async function elementsOf({ host }: NatLab, set: string): Promise<readonly string[]> {
  const listed = await host.exec(host.ns, "nft", "list", "set", "bridge", "vswitch", set);
  return listed.split("\n").filter((line) => line.includes("vp-") || /\{ "?\d+"? \. /.test(line));
}

const web = [
  acl("Allow", "In", { Protocols: "6", LocalPorts: "80" }),
  acl("Allow", "Out", { Protocols: "17,1,58" }),
];

/** That the ACLs of `web` hold, both ways. */
async function holds(lab: NatLab, box: Attached, peer: Attached): Promise<void> {
  await answerAll(lab, box.ns, peer.ns);
  const [out, into] = [
    { set: "dropped_acl_out", of: box },
    { set: "dropped_acl_in", of: box },
  ] as const;
  for (const family of ["ip4", "ip6"] as const) {
    await passes(lab, { from: peer.ns, protocol: "tcp", to: box[family], port: 80 });
    await passes(lab, { from: box.ns, protocol: "udp", to: peer[family], port: 80 });
    await passes(lab, { from: box.ns, protocol: "ping", to: peer[family] });
    await isDropped(lab, { from: peer.ns, protocol: "tcp", to: box[family], port: 81 }, into);
    await isDropped(lab, { from: peer.ns, protocol: "ping", to: box[family] }, into);
    await isDropped(lab, { from: box.ns, protocol: "tcp", to: peer[family], port: 80 }, out);
  }
}

describe.skipIf(reason !== undefined)(`the ACLs of a container${reason ? ` (${reason})` : ""}`, () => {
  it("go with it, and so does what they remember", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const peer = await lab.add({ id: "peer" });
    const before = await host.snapshot(lab.everything);
    const box = await lab.add({ id: "box", config: { ...dual, policies: web } });
    await holds(lab, box, peer);
    for (const set of stateSets) expect(await elementsOf(lab, set), set).not.toEqual([]);
    await lab.done("DEL", box);
    for (const set of stateSets) expect(await elementsOf(lab, set), set).toEqual([]);
    expect(await host.changes(before, lab.everything)).toBe("");
  });

  it("of which the state file knows nothing go by their marks", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const peer = await lab.add({ id: "peer" });
    const box = await lab.add({ id: "box", config: { ...dual, policies: web } });
    await holds(lab, box, peer);
    await host.exec(host.ns, "sh", "-c", `rm -f ${lab.dataDir}/state.db*`);
    await lab.done("DEL", box);
    const whole = await host.exec(host.ns, "nft", "list", "table", "bridge", "vswitch");
    expect(whole.split("\n").filter((line) => line.includes("_vp-"))).toEqual([]);
    for (const set of [...stateSets, "judged", "dropped_acl_in"])
      expect(
        (await elementsOf(lab, set)).filter((line) => line.includes("box")),
        set,
      ).toEqual([]);
    for (const set of stateSets) expect(await elementsOf(lab, set), set).toEqual([]);
  });

  it.each([
    ["with its guard off", { guard: false }],
    ["with its guard on", {}],
  ] as const)("hold %s", async (_, config) => {
    await using lab = await createLab();
    const peer = await lab.add({ id: "peer" });
    const box = await lab.add({ id: "box", config: { ...dual, ...config, policies: web } });
    await holds(lab, box, peer);
    expect(await lab.check(box)).toMatchObject({ exitCode: 0 });
  });

  it.each([
    "nft flush ruleset",
    "nft delete table bridge vswitch",
    "nft flush table bridge vswitch",
    "nft flush chain bridge vswitch from_port",
    "nft flush chain bridge vswitch to_port",
  ])("are missed by CHECK and hold again with the next ADD after: %s", async (command) => {
    await using lab = await createLab();
    const { host } = lab;
    const peer = await lab.add({ id: "peer" });
    const box = await lab.add({ id: "box", config: { ...dual, policies: web } });
    await host.exec(host.ns, "sh", "-c", command);
    const checked = await lab.check(box);
    expect(JSON.parse(checked.stdout || "{}")).toMatchObject({ code: 109 });
    await lab.add({ id: "next" });
    expect(await lab.check(box)).toMatchObject({ exitCode: 0 });
    await holds(lab, box, peer);
  });

  it("are ten thousand on a host, the longest list last, and all hold", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const peer = await lab.add({ id: "peer" });
    const before = await host.snapshot(lab.everything);
    const many = (count: number) => [
      acl("Block", "Out", { Protocols: "6", RemotePorts: "7", Priority: 1 }),
      ...Array.from({ length: count - 2 }, (_, i) =>
        acl(i % 2 === 0 ? "Allow" : "Block", "Out", {
          Protocols: "6",
          RemoteAddresses: `10.61.0.0/24,172.${16 + (i >> 12)}.${(i >> 4) & 255}.${(i & 15) << 4}/28`,
          RemotePorts: `${1000 + i}`,
          Priority: 100 + (i % 500),
        }),
      ),
      acl("Allow", "In", { Protocols: "1" }),
    ];
    const boxes: Attached[] = [];
    for (const count of [1000, 1000, 1000, 1000, 1000, 5000])
      boxes.push(await lab.add({ config: { ...dual, policies: many(count) }, call: { timeoutMs: 60_000 } }));
    await answerAll(lab, peer.ns, ...boxes.map(({ ns }) => ns));
    for (const [box, last] of [
      [boxes[0], 1000],
      [boxes[5], 5000],
    ] as const) {
      if (box === undefined) throw new Error("no box");
      const out = { set: "dropped_acl_out", of: box } as const;
      const tcp = (port: number) => ({ from: box.ns, protocol: "tcp", to: peer.ip4, port }) as const;
      for (const port of [1000, 1002, 1000 + last - 4]) await passes(lab, tcp(port));
      for (const port of [7, 999, 1001, 1000 + last - 3, 1000 + last]) await isDropped(lab, tcp(port), out);
      await passes(lab, { from: peer.ns, protocol: "ping", to: box.ip4 });
    }
    for (const box of boxes) await lab.done("DEL", box);
    expect(await host.changes(before, lab.everything)).toBe("");
  });
});
