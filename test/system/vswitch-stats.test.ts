import { describe, expect, it } from "vitest";
import { createLab, dual, type NatLab, other, whyNoNat } from "./nat-lab.ts";
import { toolOf } from "./tool.ts";

const reason = whyNoNat();

const acl = (Settings: Record<string, unknown>) => ({ Type: "ACL", Settings });

interface Port {
  readonly containerId: string;
  readonly out: { readonly packets: number; readonly bytesPerSecond?: number };
  readonly in: { readonly packets: number };
  readonly drops: readonly {
    readonly layer: string;
    readonly direction: string;
    readonly reason?: string;
    readonly packets: number;
  }[];
}

async function statsOf(lab: NatLab, id: string): Promise<Port> {
  const { ports } = (await toolOf(lab).json("stats", id)) as { ports: Port[] };
  const [port] = ports;
  if (port === undefined) throw new Error(`no port of ${id}`);
  return port;
}

const ping = (lab: NatLab, ns: Parameters<NatLab["host"]["run"]>[0], ...words: readonly string[]) =>
  lab.host.run(ns, ["busybox", "ping", "-c", "3", "-i", "0.2", "-W", "1", ...words]);

describe.skipIf(reason !== undefined)(`vswitch stats${reason ? ` (${reason})` : ""}`, () => {
  it("counts what passes a port in both directions, as the container sees it", async () => {
    await using lab = await createLab();
    const web = await lab.add({ id: "web" });
    const before = await statsOf(lab, "web");
    await lab.host.run(web.ns, ["busybox", "ping", "-c", "3", "-i", "0.2", web.gateway4]);
    const after = await statsOf(lab, "web");
    expect(after.out.packets - before.out.packets).toBeGreaterThanOrEqual(3);
    expect(after.in.packets - before.in.packets).toBeGreaterThanOrEqual(3);
  });

  it("tells which layer dropped: guard, ACL, rate, isolation of networks", async () => {
    await using lab = await createLab();
    const policies = [acl({ Action: "Block", Direction: "Out", Protocols: "1", Priority: 1 })];
    const closed = await lab.add({ id: "closed", config: { ...dual, policies, defaultAction: "Allow" } });
    const liar = await lab.add({ id: "liar" });
    const slow = await lab.add({
      id: "slow",
      config: {
        ...dual,
        policies: [{ Type: "QOS", Settings: { MaximumOutgoingBandwidthInBytes: 100_000 } }],
      },
    });
    const stranger = await lab.add({ id: "stranger", config: other });
    await lab.host.exec(liar.ns, "ip", "address", "add", "10.61.0.99/24", "dev", "eth0");
    const flood = `head -c 2000000 /dev/zero | socat -u -b 1400 - UDP-SENDTO:${slow.gateway4}:99`;
    await Promise.all([
      ping(lab, closed.ns, closed.gateway4),
      ping(lab, liar.ns, "-I", "10.61.0.99", liar.gateway4),
      ping(lab, stranger.ns, liar.ip4),
      lab.host.run(slow.ns, ["sh", "-c", flood]),
    ]);
    const drops = async (id: string) => (await statsOf(lab, id)).drops;
    expect(await drops("closed")).toContainEqual(
      expect.objectContaining({ layer: "acl", direction: "Out", packets: 3 }),
    );
    expect(await drops("liar")).toContainEqual(
      expect.objectContaining({ layer: "guard", direction: "Out", reason: "spoofed" }),
    );
    expect((await drops("slow")).find(({ layer }) => layer === "qos")?.packets).toBeGreaterThan(100);
    const network = (await toolOf(lab).json("show", "nat")) as { drops: Port["drops"] };
    expect(network.drops).toMatchObject([{ layer: "isolation", packets: 3 }]);
    expect((await toolOf(lab)("stats")).stdout).toMatch(/^nat\/closed\/eth0 .* 0 +3 +0 /m);
  });

  it("shows rates in lines, as many samples as asked for, at the interval asked for", async () => {
    await using lab = await createLab();
    const web = await lab.add({ id: "web" });
    const watching = toolOf(lab)("stats", "--count", "3", "--interval", "0.5", "--json");
    await lab.host.run(web.ns, ["busybox", "ping", "-c", "15", "-i", "0.1", "-s", "1000", web.gateway4]);
    const { stdout, exitCode } = await watching;
    const samples = stdout.split("\n").map((line) => JSON.parse(line) as { at: string; ports: Port[] });
    expect({ exitCode, count: samples.length }).toEqual({ exitCode: 0, count: 3 });
    const times = samples.map(({ at }) => Date.parse(at));
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(450);
    expect(Math.max(...samples.map(({ ports }) => ports[0]?.out.bytesPerSecond ?? 0))).toBeGreaterThan(2000);
  });

  it("redraws in place on a terminal, and ends well on a signal", async () => {
    await using lab = await createLab();
    await lab.add({ id: "web" });
    const words = toolOf(lab).words("stats", "--watch", "--interval", "0.2").join(" ");
    const { host } = lab;
    const script = `script -qec "stty rows 20; timeout -s INT 1 ${words}" /dev/null; echo "exit $?"`;
    const done = await host.run(host.ns, ["sh", "-c", script], { env: { VSWITCH_DATA_DIR: lab.dataDir } });
    expect(done.stdout.split("\x1b[2F\x1b[J").length).toBeGreaterThan(2);
    // As `timeout` says that it had to end the command; that one ended by itself.
    expect(done.stdout).toContain("exit 124");
  });

  it.each([
    [["stats", "--interval", "0"], "--interval"],
    [["stats", "--count", "0"], "--count"],
    [["stats", "nothing"], "no endpoint"],
  ])("refuses %j with exit code 2", async (words, message) => {
    await using lab = await createLab();
    const done = await toolOf(lab)(...words);
    expect(done.exitCode).toBe(2);
    expect(done.stderr).toContain(message);
  });
});
