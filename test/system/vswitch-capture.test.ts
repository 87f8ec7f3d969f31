import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createLab, type NatLab, whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayHost } from "./overlay-lab.ts";
import { toolOf } from "./tool.ts";

const reason = whyNoNat();

/** Runs a pipeline in which `$1` ... are the words of the tool. */
function shell(lab: NatLab, script: string, ...words: readonly string[]) {
  return lab.host.run(lab.host.ns, ["sh", "-c", script, "sh", ...toolOf(lab).words(...words)], {
    env: { VSWITCH_DATA_DIR: lab.dataDir },
  });
}

describe.skipIf(reason !== undefined)(`vswitch capture${reason ? ` (${reason})` : ""}`, () => {
  it("gives tcpdump what passes a port, with the kernel's times, and ends after the frames asked for", async () => {
    await using lab = await createLab();
    const web = await lab.add({ id: "web" });
    const file = join(lab.host.dir, "ping.pcap");
    const capture = shell(
      lab,
      `"$@" > ${file}`,
      "capture",
      "web",
      "--proto",
      "icmp",
      "--host",
      web.ip4,
      "--count",
      "6",
    );
    await lab.host.run(web.ns, ["busybox", "ping", "-c", "8", "-i", "0.2", web.gateway4]);
    const done = await capture;
    expect(done).toMatchObject({ exitCode: 0 });
    expect(done.stderr).toContain("6 frames of vp-");
    const read = await lab.host.exec(lab.host.ns, "tcpdump", "-n", "-tt", "-r", file);
    const lines = read.split("\n").filter((line) => line.includes("ICMP"));
    expect(lines).toHaveLength(6);
    expect(lines[0]).toContain(`${web.ip4} > ${web.gateway4}: ICMP echo request`);
    expect(lines[1]).toContain(`${web.gateway4} > ${web.ip4}: ICMP echo reply`);
    const times = lines.map((line) => Number(line.split(" ")[0]));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(0.3);
  });

  it("shows at a switch what it forwards from port to port", async () => {
    await using lab = await createLab();
    const [web, base] = [await lab.add({ id: "web" }), await lab.add({ id: "base" })];
    const capture = toolOf(lab)(
      "capture",
      "nat",
      "--json",
      "--proto",
      "icmp",
      "--host",
      base.ip4,
      "--count",
      "2",
    );
    await lab.host.run(web.ns, ["busybox", "ping", "-c", "5", "-i", "0.2", base.ip4]);
    const lines = (await capture).stdout.split("\n").map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { protocol: "icmp", source: web.ip4, destination: base.ip4, length: 98 },
      { protocol: "icmp", source: base.ip4, destination: web.ip4 },
    ]);
  });

  it("shows at a tunnel what goes to other hosts and comes from there, as it is inside", async () => {
    await using lab = await createOverlayLab();
    const [first, second] = lab.hosts as [OverlayHost, OverlayHost];
    const [a, b] = await Promise.all([first.add({ id: "a" }), second.add({ id: "b" })]);
    const words = ["--json", "--proto", "icmp", "--host", b.ip4, "--count", "2"];
    const capture = toolOf(first)("capture", "vsx-blue", ...words);
    await first.host.run(a.ns, ["busybox", "ping", "-c", "5", "-i", "0.2", b.ip4]);
    const { stdout, stderr } = await capture;
    expect(stdout.split("\n").map((line) => JSON.parse(line))).toMatchObject([
      { protocol: "icmp", direction: "Out", source: a.ip4, destination: b.ip4 },
      { protocol: "icmp", direction: "In", source: b.ip4, destination: a.ip4 },
    ]);
    expect(stderr).toContain("2 frames of vsx-blue");
  });

  it("ends when nobody reads any more, though nothing passes", async () => {
    await using lab = await createLab();
    await lab.add({ id: "web" });
    const done = await shell(lab, `"$@" | head -c 24 | wc -c`, "capture", "web", "--proto", "sctp");
    expect(done).toMatchObject({ stdout: "24", exitCode: 0 });
    expect(done.stderr).toContain("0 frames");
  });

  it("ends on a signal with all that it has seen", async () => {
    await using lab = await createLab();
    const web = await lab.add({ id: "web" });
    const child = toolOf(lab).start("capture", "web", "--json", "--proto", "icmp", "--host", web.gateway4);
    const pings = lab.host.run(web.ns, ["busybox", "ping", "-c", "20", "-i", "0.1", web.gateway4]);
    await child.line((line) => line.includes('"icmp"'), "a frame");
    process.kill(child.pid, "SIGINT");
    await child.line((line) => /\d+ frames? of vp-.* captured/.test(line), "its end");
    await pings;
  });

  it("keeps no more of a frame than it was told, and knows how long it was", async () => {
    await using lab = await createLab();
    const web = await lab.add({ id: "web" });
    const file = join(lab.host.dir, "short.pcap");
    const words = [
      "capture",
      "web",
      "--proto",
      "icmp",
      "--count",
      "1",
      "--snaplen",
      "60",
      "--host",
      web.gateway4,
    ];
    const capture = shell(lab, `"$@" > ${file}`, ...words);
    await lab.host.run(web.ns, ["busybox", "ping", "-c", "5", "-i", "0.2", "-s", "500", web.gateway4]);
    await capture;
    const bytes = Buffer.from(await Bun.file(file).arrayBuffer());
    expect([bytes.readUInt32LE(32), bytes.readUInt32LE(36)]).toEqual([60, 542]);
  });

  it("refuses a terminal and says what to write instead", async () => {
    await using lab = await createLab();
    await lab.add({ id: "web" });
    const script = join(lab.host.dir, "run.sh");
    writeFileSync(script, `exec ${toolOf(lab).words("capture", "web").join(" ")}`);
    const done = await lab.host.run(lab.host.ns, ["script", "-qec", `sh ${script}`, "/dev/null"], {
      env: { VSWITCH_DATA_DIR: lab.dataDir },
    });
    expect(done.exitCode).toBe(2);
    expect(done.stdout).toContain("vswitch capture web | tcpdump -n -r -");
  });

  it("names what can be captured, and what is gone", async () => {
    await using lab = await createLab();
    const vswitch = toolOf(lab);
    const web = await lab.add({ id: "web" });
    const asked = await vswitch("capture", "wbe");
    expect(asked.exitCode).toBe(2);
    expect(asked.stderr).toContain("nat/web/eth0; networks: nat");
    await lab.host.exec(web.ns, "ip", "link", "delete", "eth0");
    const gone = await vswitch("capture", "web");
    expect(gone).toMatchObject({ exitCode: 1, stdout: "" });
    expect(gone.stderr).toContain("there is no such interface");
  });
});
