import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Finding } from "../../plugins/vswitch/doctor/finding.ts";
import type { Graph } from "../../plugins/vswitch/graph/graph.ts";
import type { OverlayView } from "../../plugins/vswitch/show/overlay-view.ts";
import { sendDatagrams, udpFrame, vxlan } from "./frames.ts";
import { type Attached, whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayHost, type OverlayLab } from "./overlay-lab.ts";
import { type Tool, toolOf } from "./tool.ts";

const why = whyNoNat();

/** Only what is told of the overlay: the host of a test lacks this and that. */
const checks = ["overlay-underlay", "overlay-firewall", "overlay-tunnel", "overlay-rows"];

describe.skipIf(why)(`vswitch of an overlay network${why ? ` (${why})` : ""}`, () => {
  let lab: OverlayLab;
  let first: OverlayHost;
  let second: OverlayHost;
  let a: Attached;
  let b: Attached;
  let vswitch: Tool;

  beforeAll(async () => {
    lab = await createOverlayLab();
    [first, second] = lab.hosts as [OverlayHost, OverlayHost];
    [a, b] = await Promise.all([first.add({ id: "a" }), second.add({ id: "b" })]);
    vswitch = toolOf(first);
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  const on = (host: OverlayHost, ...commands: readonly string[]): Promise<string> =>
    host.host.exec(host.host.ns, "sh", "-ec", commands.join("\n"));

  const reaches = (): Promise<boolean[]> =>
    Promise.all([b.ip4, b.ip6].map((address) => first.host.answersPing(a.ns, address)));

  async function diagnosis(): Promise<readonly Finding[]> {
    const words = ["doctor", "--conf-dir", "/none", "--bin-dir", "/none", "--results-dir", "/none", "--json"];
    const { stdout } = await vswitch(...words);
    return (JSON.parse(stdout) as Finding[]).filter(
      ({ id, severity }) => checks.includes(id) && severity !== "ok",
    );
  }

  it("check and doctor find nothing, and repair has nothing to do", async () => {
    const checked = await vswitch("check");
    expect(checked.stdout.split("\n")).toEqual([
      "blue/a/eth0: as planned",
      "blue, other hosts: as planned",
      "1 endpoint and 1 overlay network checked, 0 differ",
    ]);
    expect(await vswitch("repair")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/\n1 endpoint and 1 overlay network: 2 as planned$/),
    });
    expect(await diagnosis()).toEqual([]);
  });

  it("show tells of the tunnel, of the other hosts, and of what was dropped by whom", async () => {
    const counters = async () => {
      const { overlay } = (await vswitch.json("show", "blue")) as { readonly overlay: OverlayView };
      return overlay;
    };
    const before = await counters();
    expect(await reaches()).toEqual([true, true]);
    const { host } = first;
    const [link] = JSON.parse(await host.exec(host.ns, "ip", "-j", "link", "show", "vsx-blue"));
    const frame = udpFrame({ to: link.address, from: "10.40.9.9", address: a.ip4, port: 9, text: "x" });
    const to = { address: first.vtep, port: 4789 };
    await sendDatagrams(lab.lan.ns, to, [vxlan(4097, frame), vxlan(4097, frame)]);
    await sendDatagrams(second.host.ns, to, [vxlan(4097, frame)]);
    await expect
      .poll(async () => (await counters()).counters?.drops.filter(({ layer }) => layer === "tunnel"))
      .toEqual([
        expect.objectContaining({ direction: "In", reason: "not of the network", packets: 2 }),
        expect.objectContaining({ direction: "In", reason: "not behind the tunnel", packets: 1 }),
      ]);
    const after = await counters();
    expect(after).toMatchObject({
      mode: "routed",
      vni: 4097,
      udpPort: 4789,
      tunnel: "vsx-blue",
      state: "up",
      vtep: first.vtep,
      uplink: "eth0",
      directory: { type: "static" },
      peers: [{ vtep: second.vtep, subnets: ["10.40.2.0/24", "fd00:40:2::/64"] }],
    });
    for (const way of ["in", "out"] as const)
      expect(after.counters?.[way].packets).toBeGreaterThanOrEqual((before.counters?.[way].packets ?? 0) + 2);
    expect((await vswitch("stats")).stdout).toMatch(/^blue +vsx-blue .* 3 +0 +\d+ +\d+$/m);
  });

  it("trace goes on at the other host, by its scene or by its state", async () => {
    const scene = join(second.host.dir, "scene.json");
    const { stdout } = await toolOf(second)("show", "--scene");
    writeFileSync(scene, stdout);
    for (const peer of [scene, second.dataDir]) {
      const words = ["trace", "--from", "a", "--to", `${b.ip4}:80`, "--peer", peer, "--json"];
      const done = await vswitch(...words);
      expect(done).toMatchObject({ exitCode: 0, stderr: "" });
      const { trace, far } = JSON.parse(done.stdout);
      expect(trace.verdict).toMatchObject({ kind: "leaves", tunnel: { vtep: second.vtep, vni: 4097 } });
      expect(far).toMatchObject([
        { trace: { verdict: { kind: "delivered", to: { owner: "blue/b/eth0" } } } },
      ]);
    }
    const nobody = await vswitch("trace", "--from", "a", "--to", "10.40.2.77", "--peer", scene);
    expect(nobody).toMatchObject({ exitCode: 3, stdout: expect.stringContaining("no-neighbour") });
  });

  it("graph draws the tunnel, and the other host behind it", async () => {
    const { nodes, edges } = (await vswitch.json("graph")) as Graph;
    expect(nodes.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["tunnel", "peer"]));
    expect(edges.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["carries", "tunnels"]));
  });

  it("a bundle has the other hosts in it, and no address of the underlay", async () => {
    const { host } = first;
    const archive = join(host.dir, "bundle.tar.gz");
    const done = await vswitch("support-bundle", "-o", archive, "--conf-dir", "/none");
    expect(done).toMatchObject({ exitCode: 0 });
    const { stdout: texts } = await host.run(host.ns, ["tar", "-xzOf", archive]);
    const { stdout: state } = await host.run(host.ns, [
      "tar",
      "-xzOf",
      archive,
      "vswitch-support/state.json",
    ]);
    const { directories } = JSON.parse(state);
    expect(directories).toMatchObject([
      { network: "blue", revision: "0", peers: [{ subnets: ["10.40.2.0/24", "fd00:40:2::/64"] }] },
    ]);
    expect(texts).not.toMatch(/192\.0\.2\.|:c0:00:02:0|c0ff:fe00:20/);
    expect(texts).toContain("10.40.2.0/24");
  });

  it("check, doctor and a dry run name rows that differ, and repair mends them", async () => {
    await on(
      first,
      "ip route delete 10.40.2.0/24",
      "bridge fdb append 0e:2a:c0:00:02:07 dev vsx-blue dst 192.0.2.7 self permanent",
      `nft "delete element inet vswitch vteps4 { 192.0.2.2 . 4097 . 0 }"`,
    );
    const checked = await vswitch("check", "a");
    expect(checked).toMatchObject({ exitCode: 1 });
    expect(checked.stdout).toContain("blue/a/eth0: as planned\nblue, other hosts: 3 differences\n");
    expect(checked.stdout).toContain("  missing: element inet vswitch vteps4 { 192.0.2.2 . 4097 . 0 }");
    expect(checked.stdout).toContain("  missing: route 10.40.2.0/24 ");
    expect(checked.stdout).toContain("  too much: fdb 0e:2a:c0:00:02:07 ");
    expect(checked.stdout).toMatch(/, 1 differs: vswitch repair mends it$/);
    expect(await diagnosis()).toEqual([
      expect.objectContaining({ id: "overlay-rows", severity: "error", commands: ["vswitch repair blue"] }),
    ]);
    expect(await vswitch("repair", "--dry-run")).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining("blue, other hosts: would be mended\n"),
    });
    expect(await vswitch("repair", "blue")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("blue, other hosts: mended\n"),
    });
    expect(await vswitch("check")).toMatchObject({ exitCode: 0 });
    expect(await reaches()).toEqual([true, true]);
  });

  it("repair makes tunnel and rules again, and reaches other hosts again by them", async () => {
    await on(first, "ip link delete vsx-blue", "nft delete table inet vswitch");
    const checked = await vswitch("check");
    expect(checked.stdout).toContain("tunnel vsx-blue with VNI 4097 at UDP port 4789");
    expect(checked.stdout).not.toContain("other hosts");
    const done = await vswitch("repair");
    expect(done.stdout).toContain("blue, other hosts: mended\n");
    expect(done).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await vswitch("check")).toMatchObject({ exitCode: 0 });
    expect(await reaches()).toEqual([true, true]);
  });
});
